/** Graphs with the reference's feature pipeline and next to no network. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { GraphInput } from "../../../compiler/artifact/metadata.ts";
import { compile } from "../../../compiler/compile.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

/** @returns the path of a graph of so many frames, which normalises by AudioSet's statistics. */
export const compileFrontEnd = (frames: number, input: GraphInput = "waveform"): string => {
  const folder = temporaryFolder();
  cpSync(fileURLToPath(new URL("../../compiler/tiny-model.ts", import.meta.url)), join(folder, "tiny-model.ts"));
  const spec = join(folder, "spec.ts");
  writeFileSync(
    spec,
    `import { kaldiFbank, normalize, padOrCut, removeMean } from "specgraph";
import { tiny } from "./tiny-model.ts";
export default tiny({
  features: [
    removeMean(),
    kaldiFbank({ bins: 128, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
    padOrCut({ frames: ${frames} }),
    normalize({ mean: -4.2677393, std: 4.5689974, to: 0.5 }),
  ],
});
`,
  );
  const out = join(folder, "graph.onnx");
  compile({ spec, out, input });
  return out;
};
