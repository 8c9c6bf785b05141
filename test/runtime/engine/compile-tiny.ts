import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../../compiler/compile.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

/**
 * Compiles the small model.
 * @param training what its training is besides batch and epochs, in the vocabulary's words
 * @returns the graph's path
 */
export const compileTiny = (training: string): string => {
  const folder = temporaryFolder();
  cpSync(fileURLToPath(new URL("../../compiler/tiny-model.ts", import.meta.url)), join(folder, "tiny-model.ts"));
  const spec = join(folder, "spec.ts");
  writeFileSync(
    spec,
    `import { adam, adamW, mixedFloat16, noise } from "specgraph";
import { tiny } from "./tiny-model.ts";
export default tiny({ training: { batch: 4, epochs: 1, ${training} } });
export const unused = [adam, adamW, mixedFloat16, noise];
`,
  );
  const out = join(folder, "graph.onnx");
  compile({ spec, out, input: "waveform" });
  return out;
};
