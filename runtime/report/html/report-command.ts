/** `runtime report`. */
import { type Command, exitCodes } from "../../command.ts";
import { commonOptions, parseOptions, type Usage } from "../../options.ts";
import { UserError } from "../../user-error.ts";
import { writeReport } from "./write-report.ts";

const options = { ...commonOptions } as const;

const usage: Usage<typeof options> = {
  name: "report",
  synopsis: "RUN [options]",
  description: `Writes RUN/report.html, one page with a run's curves, figures, confusions and worst clips. A training writes it at
its end; this writes it anew, or before the end.`,
  operands: [["RUN", "the folder of a run, such as runs/ast-1"]],
  options,
  examples: ["runtime report runs/ast-1"],
};

export const reportCommand: Command = {
  usage,
  run: async (args, output) => {
    const { operands } = parseOptions(usage, args);
    const [folder, ...others] = operands;
    if (folder === undefined || others.length > 0) {
      const given = folder === undefined ? "none is given" : `${operands.length} are given: ${operands.join(" ")}`;
      throw new UserError(`runtime report takes the folder of one run, and ${given}; see runtime report --help`);
    }
    const report = await writeReport(folder);
    output.json({ event: "report", report });
    output.result(report);
    return exitCodes.done;
  },
};
