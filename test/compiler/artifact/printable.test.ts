import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { printable, printableJson, printableLines, quoted } from "../../../compiler/artifact/printable.ts";
import { temporaryFolder } from "../../runtime/audio/temporary-folder.ts";
import { wavBytes } from "../../runtime/audio/wav-bytes.ts";
import { linearModel, metadata } from "../../runtime/artifact/linear-artifact.ts";
import { encodeOnnx } from "../../../compiler/artifact/onnx.ts";

const built = (half: string): string => fileURLToPath(new URL(`../../../dist/${half}/cli.js`, import.meta.url));

/** Sets a terminal's title, clears it by C1, rubs out, reorders, and breaks the line. */
const hostile = "a\u001b]0;owned\u0007b\u009b2Jc\u007fd\u202ee\u2028f\ng\rh\ti";
const shown = "a\\u{1b}]0;owned\\u{7}b\\u{9b}2Jc\\u{7f}d\\u{202e}e\\u{2028}f\\u{a}g\\u{d}h\\u{9}i";
const raw = /[^\P{Cc}\n]|[\u202e\u2028]/u;

describe("what a terminal would obey is shown", () => {
  test("in names, in text, in JSON", () => {
    expect(printable(hostile)).toBe(shown);
    expect(quoted(hostile)).toBe(`"${shown}"`);
    expect(printableLines(hostile)).toBe(shown.replace("\\u{a}", "\n").replace("\\u{9}", "\t"));
    const json = printableJson({ [hostile]: hostile });
    expect(json).not.toMatch(raw);
    expect(JSON.parse(json)).toStrictEqual({ [hostile]: hostile });
    for (const plain of ["naïve", "鳥", "👩‍🚀", "नमस्ते", "a-b_c.d/e"]) expect(printable(plain)).toBe(plain);
  });

  test("of a graph's classes and names, of a clip's name, and in errors", () => {
    const folder = temporaryFolder({ "clip\u001b[31m.wav": wavBytes([9000, 0, 0, 1]) });
    const recipe = { ...metadata.recipe, augmentation: [hostile] };
    const model = linearModel({ classes: [hostile, "other"], specName: hostile, recipe });
    const graph = `graph\u001b[31m.onnx`;
    writeFileSync(join(folder, graph), encodeOnnx(model));
    const runtime = (...args: readonly string[]): string => {
      const { stdout, stderr } = spawnSync(process.execPath, [built("runtime"), ...args], {
        cwd: folder,
        encoding: "utf8",
      });
      expect(stdout + stderr).not.toMatch(raw);
      return stdout + stderr;
    };
    expect(runtime("infer", graph, "clip\u001b[31m.wav", "--device", "cpu")).toContain(`  ${shown}  `);
    expect(runtime("infer", graph, "clip\u001b[31m.wav", "--device", "cpu", "--json")).toContain("\\u001b");
    expect(runtime("infer", graph, "none\u009b.wav", "--device", "cpu")).toBe(
      "none\\u{9b}.wav: there is no such file\n",
    );
    expect(runtime("inspect", graph)).toContain(`seed 0, ${shown}\n`);
    expect(runtime("inspect", "none\u001b.onnx")).toContain("none\\u{1b}.onnx: cannot be read");
    expect(runtime("train", graph, "--data", ".", "--device", "cpu")).not.toBe("");
    expect(runtime("\u001b[2J")).toContain("unknown command \\u{1b}[2J");
  });
});
