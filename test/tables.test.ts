/** What is a row of a table is known by name in its table alone: whatever else there is asks the row. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ops } from "../compiler/ops/table.ts";
import { literalsOf } from "./literals-of.ts";

/** The kinds that a file of the vocabulary has. */
const kindsIn = (file: string): readonly string[] =>
  Array.from(readFileSync(file, "utf8").matchAll(/readonly kind: "(\w+)"/g), ([, kind = ""]) => kind);

/** The files below a folder that have one of these names as a text of theirs. */
const naming = (folder: string, names: readonly string[]): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name))
    .filter((file) => literalsOf(readFileSync(file, "utf8")).some((literal) => names.includes(literal)))
    .toSorted();

/** Of the runtime, what writes specs. */
const specWriters = [join("runtime", "init", "project-files.ts")];

describe("names are known in their table alone:", () => {
  test("layers, but for the one network that a class of transformers is for, and an output that is called as one", () => {
    const layers = kindsIn("spec/dsl/layers.ts");
    expect(layers).toContain("attention");
    const outside = naming("compiler", layers).filter((file) => !file.startsWith(join("compiler", "layers")));
    expect(outside).toStrictEqual([
      join("compiler", "artifact", "names.ts"),
      join("compiler", "weights", "describe-hugging-face.ts"),
    ]);
  });

  test("augmentations", () => {
    const augmentations = kindsIn("spec/dsl/augmentation.ts");
    expect(augmentations).toContain("mixup");
    const rows = join("compiler", "lower", "augmentations");
    expect(naming("compiler", augmentations).filter((file) => !file.startsWith(rows))).toStrictEqual([]);
    expect(naming("runtime", augmentations)).toStrictEqual(specWriters);
  });

  test("optimizers", () => {
    const optimizers = kindsIn("spec/dsl/training.ts").filter((kind) => kind.startsWith("adam"));
    expect(optimizers).toStrictEqual(["adam", "adamW"]);
    const rows = join("compiler", "lower", "optimizers");
    expect(naming("compiler", optimizers).filter((file) => !file.startsWith(rows))).toStrictEqual([]);
    expect(naming("runtime", optimizers)).toStrictEqual(specWriters);
  });

  test("operators, but for the passes that fold some into others", () => {
    expect(naming(join("compiler", "passes"), Object.keys(ops))).toStrictEqual(
      [
        "factors-by-rows.ts",
        "fold-reshapes.ts",
        "fold-scales.ts",
        "makers.ts",
        "narrow.ts",
        "softmax-row-sums.ts",
        "subtract-in-products.ts",
        "sums-as-products.ts",
      ].map((name) => join("compiler", "passes", name)),
    );
  });
});
