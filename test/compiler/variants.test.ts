/** `variants(...)`: what they are called, what is compiled of them, and what is refused when all are known. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { decodeOnnx } from "../../compiler/artifact/onnx.ts";
import { type ArtifactMetadata, parseMetadata } from "../../compiler/artifact/metadata.ts";
import { compile, compileVariants, type CompileVariantsOptions, listVariants } from "../../compiler/compile.ts";
import { CompileError } from "../../compiler/diagnostics/diagnostic.ts";
import { printDiagnostic } from "../../compiler/diagnostics/print-diagnostic.ts";
import { loadSpec, loadVariants } from "../../compiler/frontend/load-spec.ts";

const head = `import { checkpoint, numbered, singleLabel, variants } from "specgraph";
import { ast, type AstOptions } from "specgraph/ast";

const tiny = (options: AstOptions) =>
  ast({ size: { width: 16, depth: 1, heads: 2 }, frames: 64, objective: singleLabel({ classes: numbered(3) }), ...options });
`;

/** A new folder with a spec that exports these. */
const writeSpec = (exported: string, before = ""): string => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "spec.ts"), `${head}${before}export default ${exported};\n`);
  return join(folder, "spec.ts");
};

const load = (spec: string, options: Partial<CompileVariantsOptions> = {}) =>
  loadVariants({ spec, input: "waveform", ...options });
const namesOf = (exported: string): readonly string[] => load(writeSpec(exported)).map(({ name }) => name);

const refusal = (spec: string, act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics.map(printDiagnostic).join("\n").replaceAll(spec, "spec.ts");
  }
  return "fits";
};

const readMetadata = (path: string): ArtifactMetadata =>
  parseMetadata(decodeOnnx(readFileSync(path)).metadataProps ?? []) as ArtifactMetadata;

test("a grid combines each value with each; a variant is called by what it has of its own", () => {
  expect(
    namesOf("variants(tiny, { stride: [16, { bins: 8, frames: 12 }], tokens: [['cls'], ['cls', 'dist']] })"),
  ).toStrictEqual([
    "stride=16,tokens=cls",
    "stride=16,tokens=cls+dist",
    "stride=8x12,tokens=cls",
    "stride=8x12,tokens=cls+dist",
  ]);
  expect(namesOf("variants(tiny, { stride: [8], frames: [64, 80] })")).toStrictEqual(["frames=64", "frames=80"]);
  expect(namesOf("variants(tiny, { stride: [8] })")).toStrictEqual(["stride=8"]);
});

test("of a list, by the options that not all have, or by their names", () => {
  expect(
    namesOf("variants(tiny, [{ patch: 16, stride: 16 }, { patch: 32, stride: 16 }, { stride: 16 , frames: 80}])"),
  ).toStrictEqual(["patch=16", "patch=32", "frames=80"]);
  expect(namesOf("variants(tiny, [{ name: 'wide / flat', stride: 16 }, { name: 'b', stride: 8 }])")).toStrictEqual([
    "wide-flat",
    "b",
  ]);
});

test("by numbers where values are too long or read alike", () => {
  expect(
    namesOf(
      "variants(tiny, { objective: [singleLabel({ classes: numbered(30) }), singleLabel({ classes: numbered(31) })] })",
    ),
  ).toStrictEqual(["objective=1", "objective=2"]);
});

test("functions by their names, or by numbers; numbers that JSON does not have by their own", () => {
  const before = `const scaled = ({ sizeOf, seed = 1 }: { sizeOf: (n: number) => number; seed?: number }) =>
  tiny({ frames: 16 * sizeOf(1), seed: Number.isFinite(seed) ? seed : 2 });
const once = (n: number) => n;
const twice = (n: number) => 2 * n;
`;
  const named = (exported: string) => load(writeSpec(exported, before)).map(({ name }) => name);
  expect(named("variants(scaled, { sizeOf: [once, twice], seed: [1, Infinity] })")).toStrictEqual([
    "sizeOf=once,seed=1",
    "sizeOf=once,seed=Infinity",
    "sizeOf=twice,seed=1",
    "sizeOf=twice,seed=Infinity",
  ]);
  expect(named("variants(scaled, { sizeOf: [2, 3].map((by) => (n: number) => by * n) })")).toStrictEqual([
    "sizeOf=1",
    "sizeOf=2",
  ]);
});

test("a variant is the model that its options make, with --set in what all have in common", () => {
  const spec = writeSpec("variants(tiny, { stride: [16, 8] })");
  const varied = loadSpec({ spec, input: "waveform", variant: "stride=8", settings: ["frames=80"] }).spec;
  const single = writeSpec("tiny({ stride: 8, frames: 80 })");
  expect(varied).toStrictEqual(loadSpec({ spec: single, input: "waveform" }).spec);
});

test("all are compiled, with each of their seeds, as though each were alone", () => {
  const spec = writeSpec("variants(tiny, { stride: [16, 8], pretrained: ['none'] }, { seeds: [3, 5] })");
  const out = join(spec, "..", "out");
  const compiled = compileVariants({ spec, out, input: "waveform" });
  expect(compiled.map(({ variant, seed }) => `${variant} ${seed}`)).toStrictEqual([
    "stride=16 3",
    "stride=16 5",
    "stride=8 3",
    "stride=8 5",
  ]);
  expect(readdirSync(join(out, "stride=8"))).toStrictEqual(["seed-3.onnx", "seed-5.onnx"]);
  const metadata = readMetadata(join(out, "stride=8", "seed-5.onnx"));
  expect([metadata.variant, metadata.recipe.seed]).toStrictEqual(["stride=8", 5]);
  const listed = listVariants({ spec, out, input: "waveform" });
  expect(listed.map(({ out: path }) => path)).toStrictEqual(compiled.map((one) => one.out));
  expect(new Set(listed.map(({ digest }) => digest)).size).toBe(4);

  const alone = join(spec, "..", "alone.onnx");
  compile({ spec: writeSpec("tiny({ stride: 8, seed: 5 })"), out: alone, input: "waveform" });
  const weights = (path: string) => decodeOnnx(readFileSync(path)).graph?.initializer?.map(({ rawData }) => rawData);
  expect(weights(join(out, "stride=8", "seed-5.onnx"))).toStrictEqual(weights(alone));
});

test("more seeds than the spec says go on from its first", () => {
  const spec = writeSpec("variants(tiny, { stride: [16, 8], seed: [7] })");
  expect(listVariants({ spec, out: "", input: "waveform", seeds: 2 }).map(({ out }) => out)).toStrictEqual([
    "stride=16/seed-7.onnx",
    "stride=16/seed-8.onnx",
    "stride=8/seed-7.onnx",
    "stride=8/seed-8.onnx",
  ]);
});

test("what is wrong with any of them is told of all, and nothing is written", () => {
  const spec = writeSpec("variants(tiny, { patch: [16, 128, 256], frames: [64, 130], stride: [8] })");
  const out = join(spec, "..", "out");
  const told = refusal(spec, () => compileVariants({ spec, out, input: "waveform" }));
  expect(Array.from(told.matchAll(/error: .*$/gm), ([line]) => line)).toStrictEqual([
    "error: patch=128,frames=64: a patch of 128 frames does not fit a spectrogram of 64 (patch-fits-spectrogram)",
    "error: patch=256,frames=64, patch=256,frames=130: a patch of 256 bins does not fit a spectrogram of 128 (patch-fits-spectrogram)",
    "error: patch=256,frames=64: a patch of 256 frames does not fit a spectrogram of 64 (patch-fits-spectrogram)",
    "error: patch=256,frames=130: a patch of 256 frames does not fit a spectrogram of 130 (patch-fits-spectrogram)",
  ]);
  expect(existsSync(out)).toBe(false);
});

test("variants that come to the same model are refused", () => {
  const spec = writeSpec("variants(tiny, { stride: [16, 8, { bins: 8, frames: 8 }] })");
  expect(refusal(spec, () => load(spec))).toBe(
    "error: spec.ts: variants stride=8 and stride=8x8 are the same model (variants-same)",
  );
});

test("those that differ in their weights alone, where none are named", () => {
  const spec = writeSpec("variants(tiny, { pretrained: [checkpoint(), 'none'] })");
  expect(refusal(spec, () => load(spec))).toBe(
    `error: spec.ts: variants pretrained=checkpoint and pretrained=none are the same model (variants-same)
  fix: name the weights that variants start from: --weights FILE`,
  );
  expect(loadSpec({ spec, input: "waveform", variant: "pretrained=checkpoint" }).source).toBeUndefined();
});

test("--weights is for the variants that start from some", () => {
  const spec = writeSpec("variants(tiny, { pretrained: [checkpoint(), 'none'] })");
  const weights = join(spec, "..", "weights.onnx");
  compile({ spec: writeSpec("tiny({ seed: 9 })"), out: weights, input: "waveform" });
  expect(load(spec, { weights }).map(({ name, source }) => [name, source?.path])).toStrictEqual([
    ["pretrained=checkpoint", weights],
    ["pretrained=none", undefined],
  ]);
  const options = { spec, input: "waveform", weights, variant: "pretrained=none" } as const;
  expect(refusal(spec, () => loadSpec(options))).toBe(
    `error: pretrained=none starts from random weights, and --weights names others (variant-without-weights)
  fix: leave --weights out`,
  );
  const random = writeSpec("variants(tiny, { stride: [8, 16], pretrained: ['none'] })");
  expect(refusal(random, () => load(random, { weights }))).toBe(
    "error: spec.ts: all variants start from random weights, and --weights names others (variant-without-weights)",
  );
});

test("one that is not there, and one of a spec without any", () => {
  const spec = writeSpec("variants(tiny, { stride: [16, 8] })");
  expect(refusal(spec, () => loadSpec({ spec, input: "waveform", variant: "stride=6" }))).toBe(
    'error: spec.ts has no variant "stride=6"; it has stride=16, stride=8 (variant-unknown)',
  );
  const single = writeSpec("tiny({})");
  expect(refusal(single, () => loadSpec({ spec: single, input: "waveform", variant: "stride=8" }))).toBe(
    "error: spec.ts exports one model, and no variants (variant-unknown)",
  );
  expect(refusal(single, () => load(single))).toBe(
    `error: spec.ts exports one model, and no variants (spec-without-variants)
  fix: export default variants(ast, { ... })`,
  );
});

test("an option in which variants differ is not set for all", () => {
  const spec = writeSpec("variants(tiny, { stride: [16, 8] })");
  expect(refusal(spec, () => load(spec, { settings: ["stride=4"] }))).toBe(
    `--set:1:1 error: stride is what the variants give, each its own (set-varied)
  1 | stride=4
    | ^^^^^^^^
  fix: leave it out, or set it in the spec`,
  );
});
