import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../../compiler/compile.ts";
import * as vocabulary from "../../../spec/dsl/index.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

/**
 * Compiles the small model.
 * @param training what its training is besides batch and epochs, in the vocabulary's words
 * @param model what else differs, likewise
 * @returns the graph's path
 */
export const compileTiny = (training: string, model = ""): string => {
  const folder = temporaryFolder();
  cpSync(fileURLToPath(new URL("../../compiler/tiny-model.ts", import.meta.url)), join(folder, "tiny-model.ts"));
  const spec = join(folder, "spec.ts");
  const written = `export default tiny({ training: { batch: 4, epochs: 1, ${training} }, ${model} });\n`;
  const used = Object.keys(vocabulary).filter((name) => written.includes(`${name}(`));
  writeFileSync(
    spec,
    `import { ${used.join(", ")} } from "specgraph";\nimport { tiny } from "./tiny-model.ts";\n${written}`,
  );
  const out = join(folder, "graph.onnx");
  compile({ spec, out, input: "waveform" });
  return out;
};
