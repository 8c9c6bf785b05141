/** `--set`: what it changes of a spec, and what it refuses, word by word. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CompileError } from "../../../compiler/diagnostics/diagnostic.ts";
import { printDiagnostic } from "../../../compiler/diagnostics/print-diagnostic.ts";
import { loadSpec } from "../../../compiler/frontend/load-spec.ts";

/** The path of a spec with this text, in a new folder with its neighbours. */
const writeSpec = (spec: string, neighbours: Readonly<Record<string, string>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries({ "spec.ts": spec, ...neighbours }))
    writeFileSync(join(folder, name), text);
  return join(folder, "spec.ts");
};

const load = (spec: string, ...settings: readonly string[]) =>
  loadSpec({ spec, input: "waveform", weights: "none", settings }).spec;

/** What is printed of settings that do not fit. */
const refusal = (spec: string, ...settings: readonly string[]): string => {
  try {
    load(spec, ...settings);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics.map(printDiagnostic).join("\n").replaceAll(spec, "spec.ts");
  }
  return "fits";
};

const quickstart = "spec/quickstart.ts";

const small = `import { adam, numbered, singleLabel } from "specgraph";
import { ast } from "specgraph/ast";
`;

test("settings are as though the spec said so, its own objects and what it leaves to defaults", () => {
  const set = load(
    writeSpec(
      `${small}export default ast({ training: { optimizer: adam({ learningRate: 1 }), batch: 2, epochs: 1 } });\n`,
    ),
    "stride=12",
    "training.epochs=5",
    "training.optimizer.learningRate=1e-3",
    "size.depth=2",
    "name=12",
    'tokens=["cls"]',
  );
  const written = load(
    writeSpec(`${small}import { sizes } from "specgraph/ast";
export default ast({
  name: "12",
  stride: { bins: 12, frames: 12 },
  size: { ...sizes.base384, depth: 2 },
  tokens: ["cls"],
  training: { optimizer: adam({ learningRate: 1e-3 }), batch: 2, epochs: 5 },
});
`),
  );
  expect(set).toStrictEqual(written);
});

test("the paper's model, all of whose options are defaults", () => {
  const { recipe, network } = load("spec/ast.ts", "stride=16", "training.epochs=7", "size.depth=1");
  expect({ batch: recipe.batch, epochs: recipe.epochs }).toStrictEqual({ batch: 12, epochs: 7 });
  expect(network[0]?.layer).toMatchObject({ stride: { bins: 16, frames: 16 }, width: 768 });
});

test("a call of the spec's own functions, through constants and other modules", () => {
  const spec = writeSpec(
    'import * as own from "./own.ts";\nconst made = own.wrap({ inner: { a: 1 }, name: "w" });\nexport { made as default };\n',
    {
      "own.ts": `import { ast } from "specgraph/ast";
export const wrap = ({ inner, ...rest }: { inner: { a: number }; name: string; frames?: number }) =>
  ast({ ...rest, name: rest.name + inner.a });
`,
    },
  );
  const { name, features } = load(spec, "inner.a=12", "frames=200", "name=q");
  expect({ name, frames: features.frames }).toStrictEqual({ name: "q12", frames: 200 });
});

const ofOptions = `import { ast } from "specgraph/ast";
interface Options {
  readonly stride?: number;
  readonly kind?: "short" | "long";
}
export default ({ stride = 10, kind = "long" }: Options = {}) => ast({ name: \`\${kind}-\${stride}\`, stride });
`;

test("a function of options", () => {
  const spec = writeSpec(ofOptions);
  expect(load(spec).name).toBe("long-10");
  expect(load(spec, "stride=12", "kind=short").name).toBe("short-12");
});

test.each([
  [
    ["strde=12"],
    `--set:1:1 error: ast takes no "strde"; it takes name, size, patch, stride, frames, length, most, statistics, tokens, tokensAt, objective, training, pretrained, seed (set-unknown-name)
  1 | strde=12
    | ^^^^^
  fix: --set stride=12`,
  ],
  [
    ["training.epoch=5"],
    `--set:1:10 error: training takes no "epoch"; it takes optimizer, schedule, batch, accumulate, memory, epochs, clipNorm, sampling, augment, rates, average, bestBy, earlyStopping, precision, stepsPerRun (set-unknown-name)
  1 | training.epoch=5
    |          ^^^^^
  fix: --set training.epochs=5`,
  ],
  [
    ["training.epochs=many", 'stride={"bins":12}', "length=anny", "tokens=cls"],
    `--set:1:17 error: training.epochs takes a number, not "many" (set-wrong-value)
  1 | training.epochs=many
    |                 ^^^^
--set:2:8 error: stride takes { bins, frames }, and this lacks frames (set-wrong-value)
  2 | stride={"bins":12}
    |        ^^^^^^^^^^^
--set:3:8 error: length takes "fixed" or "any", not "anny" (set-wrong-value)
  3 | length=anny
    |        ^^^^
--set:4:8 error: tokens takes ["cls"] or ["cls", "dist"], not "cls" (set-wrong-value)
  4 | tokens=cls
    |        ^^^`,
  ],
  [
    ["training.epochs=0"],
    `--set:1:17 error: epochs must be a whole number of at least 1, not 0 (number-out-of-range)
  1 | training.epochs=0
    |                 ^`,
  ],
  [
    ['training={"optimizer":{"kind":"adam","learningRate":-1},"batch":2,"epochs":1}'],
    `--set:1:10 error: learningRate must be 0 or more, not -1 (number-out-of-range)
  1 | training={"optimizer":{"kind":"adam","learningRate":-1},"batch":2,"epochs":1}
    |          ${"^".repeat(68)}`,
  ],
  [
    ["training.clipNorm.x=0", "name.x=0", "most.x=1", "training.rates.dense=1"],
    `--set:1:19 error: training.clipNorm takes a number, which has no parts (set-part-of-nothing)
  1 | training.clipNorm.x=0
    |                   ^
--set:2:6 error: name takes text, which has no parts (set-part-of-nothing)
  2 | name.x=0
    |      ^
--set:3:6 error: most takes a number, which has no parts (set-part-of-nothing)
  3 | most.x=1
    |      ^
--set:4:16 error: ast is given no training.rates, so that no part of it can be set (set-part-of-nothing)
  4 | training.rates.dense=1
    |                ^^^^^
  fix: set all of it, as JSON: --set 'training.rates=...'; it takes { "...": a number }`,
  ],
  [
    ["seed=-1.5"],
    `--set:1:6 error: seed must be a whole number, not -1.5 (number-out-of-range)
  1 | seed=-1.5
    |      ^^^^`,
  ],
  [
    ["size.toString=1"],
    `--set:1:6 error: size takes no "toString"; it takes width, depth, heads (set-unknown-name)
  1 | size.toString=1
    |      ^^^^^^^^`,
  ],
  [
    ["objective.classes.10=x", "objective.kind=multi"],
    `--set:1:19 error: objective.classes takes no "10"; it takes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 (set-unknown-name)
  1 | objective.classes.10=x
    |                   ^^
--set:2:11 error: objective takes no "kind"; it takes classes, labelSmoothing (set-unknown-name)
  2 | objective.kind=multi
    |           ^^^^`,
  ],
  [
    ['training.optimizer={"kind":"sgd"}'],
    `--set:1:20 error: training.optimizer takes { kind: "adam", learningRate, betas?, eps?, weightDecay? } or { kind: "adamW", learningRate, betas?, eps?, weightDecay? }, not {"kind":"sgd"} (set-wrong-value)
  1 | training.optimizer={"kind":"sgd"}
    |                    ^^^^^^^^^^^^^^`,
  ],
  [
    ["size", "=3", "a..b=3", "name=a", "name=b", "size=1", "size.width=64"],
    `--set:1:1 error: size gets no value (set-no-value)
  1 | size
    | ^^^^
  fix: --set size=VALUE
--set:2:1 error: this names no option (set-no-name)
  2 | =3
    | ^
  fix: --set training.epochs=5
--set:3:1 error: this names no option (set-no-name)
  3 | a..b=3
    | ^^^^
  fix: --set training.epochs=5
--set:5:1 error: name is set twice (set-twice)
  5 | name=b
    | ^^^^^^
  fix: leave one of them out
--set:7:1 error: size is set, and so is size.width (set-twice)
  7 | size.width=64
    | ^^^^^^^^^^^^^
  fix: leave one of them out`,
  ],
])("%j is refused", (settings, expected) => {
  expect(refusal(quickstart, ...settings)).toBe(expected);
});

test.each([
  [
    "a plain object",
    'import { ast } from "specgraph/ast";\nexport default { ...ast() };\n',
    "its default export is not made by a call with options, so that nothing can be set",
  ],
  [
    "a call without options",
    'import { ast } from "specgraph/ast";\nconst named = (name: string) => ast({ name });\nexport default named("a");\n',
    "named takes no object of options, so that nothing can be set",
  ],
  [
    "a function without options",
    'import { ast } from "specgraph/ast";\nexport default () => ast();\n',
    "the spec's function takes no object of options, so that nothing can be set",
  ],
])("%s cannot be varied", (_, text, reason) => {
  const spec = writeSpec(text);
  expect(load(spec).classes).toHaveLength(527);
  expect(refusal(spec, "stride=12")).toBe(`--set:1:1 error: spec.ts: ${reason} (set-without-options)
  1 | stride=12
    | ^^^^^^^^^
  fix: export default ast({ ... }), or a function of options`);
});

test("what a function of options is not given, or not told", () => {
  const spec = writeSpec(ofOptions);
  expect(refusal(spec, "kind=big", "frames=2"))
    .toBe(`--set:1:6 error: kind takes "short" or "long", not "big" (set-wrong-value)
  1 | kind=big
    |      ^^^
--set:2:1 error: the spec's function takes no "frames"; it takes stride, kind (set-unknown-name)
  2 | frames=2
    | ^^^^^^`);
  const needs = writeSpec(
    'import { ast } from "specgraph/ast";\nexport default (o: { stride: number; deep?: boolean }) => ast({ stride: o.stride });\n',
  );
  expect(load(needs, "stride=12", "deep=true").name).toBe("ast");
  expect(refusal(needs, "deep=true"))
    .toBe(`error: spec.ts: the spec's function takes { stride, deep? }, and this lacks stride (set-missing)
  fix: give it by --set, or a default in the spec`);
  expect(refusal(writeSpec("export default () => 3;\n")))
    .toBe(`error: spec.ts: the spec's function gives no model (spec-exports-no-model)
  fix: export default model({ ... })`);
});

test("what a spec's function was given is told with its defaults, as --set would say it", () => {
  const told = (exported: string, ...settings: readonly string[]) =>
    loadSpec({ spec: writeSpec(small + exported), input: "waveform", weights: "none", settings }).options;
  const made = `const make = ({ frames = 64, stride = frames > 64 ? 16 : 8, scale = Math.sqrt, ...rest }: {
  frames?: number; stride?: number; scale?: (n: number) => number; title?: string }) =>
  ast({ frames: scale(frames * frames), stride, size: { width: 16, depth: 1, heads: 2 },
    objective: singleLabel({ classes: numbered(3) }), name: rest.title ?? "small" });
`;
  expect(told(`${made}export default make;`, "title=a b")).toStrictEqual([
    "frames=64",
    "stride=8",
    "scale=sqrt()",
    "title=a b",
  ]);
  expect(told(`${made}export default make({ frames: 80 });`)).toStrictEqual(["frames=80", "stride=16", "scale=sqrt()"]);
});
