/** `runtime merge`. */
import { plural } from "../../compiler/artifact/plural.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { mergeParts } from "../recordings/merge-parts.ts";
import { UserError } from "../user-error.ts";
import { type Command, exitCodes } from "./command.ts";
import { commonOptions, parseOptions, type Usage } from "./options.ts";
import { programName } from "../../compiler/artifact/files/program-name.ts";

const options = {
  out: { kind: "text", value: "FILE", help: "the file to write" },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "merge",
  synopsis: "PART... --out FILE [options]",
  description: `Makes one file of the parts that ${programName} infer --shard has written, all of them, given in any order: the same, byte for
byte, as infer without --shard writes. Each part's record, PART.job.jsonl, lies beside it and tells what it is. Clips that
could not be heard are told again.`,
  operands: [["PART", "a file of infer --shard"]],
  options,
  examples: ["runtime merge parts/*.parquet --out answers.parquet"],
};

export const mergeCommand: Command = {
  usage,
  run: async (args, output) => {
    const { values, operands } = parseOptions(usage, args);
    const { out } = values;
    if (out === undefined || operands.length === 0) {
      throw new UserError(
        "usage",
        {},
        `${programName} merge takes the parts, and --out with a file; see ${programName} merge --help`,
      );
    }
    const { recordings, failed } = await mergeParts(operands, out);
    for (const { clip, failures } of failed) {
      for (const error of failures) {
        output.json({ clip, error });
        output.note(printable(error));
      }
    }
    output.json({ out, parts: operands.length, recordings, failed: failed.length });
    const lost = failed.length === 0 ? "" : `, of which ${failed.length} could not be heard to the end`;
    output.result(
      `${out}: ${recordings} ${plural(recordings, "recording")} of ${operands.length} ${plural(operands.length, "part")}${lost}`,
    );
    return exitCodes.done;
  },
};
