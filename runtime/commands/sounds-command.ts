/** `runtime sounds`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeWav } from "../audio/encode-wav.ts";
import { type Command, exitCodes } from "./command.ts";
import { commonOptions, oneOperand, parseOptions, type Usage } from "./options.ts";
import { createFolders } from "../files/create-folders.ts";
import { writeFailure } from "../files/write-failure.ts";
import { embeddedClasses, embeddedClips } from "../data/embedded.ts";
import { soundRateHz, synthesise } from "../data/synthesise.ts";

const options = {
  count: { kind: "integer", value: "N", least: 1, help: "sounds per class (default: 3)" },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "sounds",
  synopsis: "DIR [options]",
  description: `Writes embedded sounds as WAV files, a folder per class: to listen to, to infer, and as a pattern for
clips of your own. They are those that training without --data evaluates on, so no training has heard them.`,
  operands: [["DIR", "the folder to write; it may exist"]],
  options,
  examples: ["runtime sounds sounds", "runtime infer graph.onnx sounds/*/*.wav --top 1"],
};

export const soundsCommand: Command = {
  usage,
  run: (args, output) => {
    const { values, operands } = parseOptions(usage, args);
    const folder = oneOperand(usage, operands, "one folder");
    const { count = 3 } = values;
    const clips = embeddedClips(embeddedClasses).filter(({ split }) => split === "test");
    const written = new Map<string, number>();
    for (const { source } of clips) {
      if (!("sound" in source)) continue;
      const { kind } = source.sound;
      const number = (written.get(kind) ?? 0) + 1;
      if (number > count) continue;
      written.set(kind, number);
      const name = kind.replaceAll(" ", "-");
      const path = join(folder, kind, `${name}-${number}.wav`);
      try {
        createFolders(join(folder, kind));
        writeFileSync(path, encodeWav(synthesise(source.sound), soundRateHz));
      } catch (error) {
        throw writeFailure(path, error);
      }
      output.json({ path, label: kind });
    }
    const total = [...written.values()].reduce((sum, each) => sum + each, 0);
    output.result(`${total} sounds of ${written.size} classes in ${folder}`);
    return Promise.resolve(exitCodes.done);
  },
};
