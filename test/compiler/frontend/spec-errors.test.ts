/**
 * One folder per mistake: `spec.ts.txt` and its neighbours are copied, without `.txt`, to a folder outside the repository and
 * compiled; `expected.txt` is what the user reads. After a change of messages: UPDATE_EXPECTED=1, then review the difference.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GraphInput } from "../../../compiler/artifact/metadata.ts";
import { compile } from "../../../compiler/compile.ts";
import { CompileError } from "../../../compiler/diagnostics/diagnostic.ts";
import { printDiagnostic } from "../../../compiler/diagnostics/print-diagnostic.ts";

const cases = fileURLToPath(new URL("specs", import.meta.url));
const tinyModel = fileURLToPath(new URL("../tiny-model.ts", import.meta.url));

/** What the command line prints for a spec, with paths relative to its folder. */
const compileAndPrint = (spec: string, folder: string, input: GraphInput = "waveform"): string => {
  try {
    compile({ spec, out: join(folder, "graph.onnx"), input });
    return "compiled";
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const printed = error.diagnostics.map(printDiagnostic).join("\n\n");
    return `${printed.replaceAll(`${relative(process.cwd(), folder)}/`, "").replaceAll(`${folder}/`, "")}\n`;
  }
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "specgraph-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("mistakes in specs", () => {
  test.each(readdirSync(cases))("%s", (name) => {
    const source = join(cases, name);
    const own = mkdtempSync(join(folder, "case-"));
    for (const file of readdirSync(source)) {
      writeFileSync(join(own, file.replace(/\.txt$/, "")), readFileSync(join(source, file)));
    }
    writeFileSync(join(own, "tiny-model.ts"), readFileSync(tinyModel));
    const printed = compileAndPrint(join(own, "spec.ts"), own);
    const expected = join(source, "expected.txt");
    if (process.env["UPDATE_EXPECTED"]) writeFileSync(expected, printed);
    expect(printed).toBe(readFileSync(expected, "utf8"));
    expect(existsSync(join(own, "graph.onnx"))).toBe(false);
  });

  test("mixup of features", () => {
    const own = mkdtempSync(join(folder, "case-"));
    const spec = join(own, "spec.ts");
    writeFileSync(join(own, "tiny-model.ts"), readFileSync(tinyModel));
    writeFileSync(
      spec,
      `import { adam, mixup } from "specgraph";
import { tiny } from "./tiny-model.ts";

const augment = [mixup({ rate: 0.5 })];
export default tiny({ training: { optimizer: adam({ learningRate: 1 }), batch: 1, epochs: 1, augment } });
`,
    );
    expect(compileAndPrint(spec, own, "features")).toBe(
      `spec.ts:4:18 error: mixup changes waveforms, and a graph that starts at features has none (augmentation-needs-waveforms)
  4 | const augment = [mixup({ rate: 0.5 })];
    |                  ^^^^^^^^^^^^^^^^^^^^
  fix: compile with --input waveform, or take mixup() out of augment
`,
    );
    expect(compileAndPrint(spec, own)).toBe("compiled");
  });

  test("any length of features", () => {
    const own = mkdtempSync(join(folder, "case-"));
    const spec = join(own, "spec.ts");
    writeFileSync(join(own, "tiny-model.ts"), readFileSync(tinyModel));
    writeFileSync(
      spec,
      `import { anyLength, kaldiFbank } from "specgraph";
import { tiny } from "./tiny-model.ts";

const fbank = kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" });
export default tiny({ features: [fbank, anyLength({ frames: 24, least: 8 })] });
`,
    );
    expect(compileAndPrint(spec, own, "features")).toBe(
      `spec.ts:5:41 error: anyLength tells a clip's end by its samples, and a graph that starts at features has none (any-length-needs-waveforms)
  5 | export default tiny({ features: [fbank, anyLength({ frames: 24, least: 8 })] });
    |                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  fix: compile with --input waveform, or take padOrCut
`,
    );
    expect(compileAndPrint(spec, own)).toBe("compiled");
  });

  test("the spec is missing", () => {
    expect(compileAndPrint(join(folder, "none.ts"), folder)).toBe("error: there is no spec none.ts (spec-missing)\n");
  });

  test("the spec is not TypeScript", () => {
    writeFileSync(join(folder, "spec.json"), "{}");
    expect(compileAndPrint(join(folder, "spec.json"), folder)).toBe(
      "error: a spec is a .ts file, spec.json is not (spec-not-typescript)\n",
    );
  });
});
