import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { SourceSpan } from "../../../compiler/diagnostics/diagnostic.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { readSpec } from "../../../compiler/frontend/read-spec.ts";
import type { Layer } from "../../../spec/dsl/index.ts";

/** The path of `spec.ts` in a new folder outside the repository, with its neighbours and the tiny model. */
const writeSpec = (spec: string, neighbours: Readonly<Record<string, string>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(fileURLToPath(new URL("../tiny-model.ts", import.meta.url)), join(folder, "tiny-model.ts"));
  for (const [name, content] of Object.entries({ "spec.ts": spec, ...neighbours })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return join(folder, "spec.ts");
};

/** The text that a span marks. */
const marked = (span: SourceSpan | undefined): string | undefined =>
  span?.text.slice(span.column - 1, span.column - 1 + span.length);

test("a spec may import its neighbours with and without extension, and they theirs", () => {
  const { model } = readSpec(
    writeSpec('import { makeTiny } from "./lib/make";\n\nexport default makeTiny("helped");\n', {
      "lib/make.ts":
        'import { tiny } from "../tiny-model.ts";\nimport { full } from "./full.ts";\nexport const makeTiny = (name: string) => tiny({ name: full(name) });\n',
      "lib/full.ts": "export const full = (name: string): string => `${name} fully`;\n",
    }),
  );
  expect(model.name).toBe("helped fully");
});

test("modules that import each other", () => {
  const { model } = readSpec(
    writeSpec(
      'import { tiny } from "./tiny-model.ts";\nimport { name } from "./other.ts";\nexport const suffix = "b";\nexport default tiny({ name: name() });\n',
      {
        "other.ts": 'import { suffix } from "./spec.ts";\nexport const name = (): string => `a${suffix}`;\n',
      },
    ),
  );
  expect(model.name).toBe("ab");
});

test("a spec reached through a linked folder", () => {
  const spec = writeSpec('import { tiny } from "./tiny-model.ts";\nexport default tiny({ name: "linked" });\n');
  const link = `${dirname(spec)}-link`;
  symlinkSync(dirname(spec), link);
  onTestFinished(() => rmSync(link));
  expect(readSpec(join(link, "spec.ts")).model.name).toBe("linked");
});

test("running a spec records objects without changing what its code means", () => {
  const { model } = readSpec(
    writeSpec(`import { tiny } from "./tiny-model.ts";

interface Part {
  readonly next?: () => { readonly name: string };
}
const parts: readonly Part[] = [{}, { next: () => ({ name: "second" }) }];
let first = "";
let rest: object = {};
({ first, ...rest } = { first: "1", second: "2" });
const [known = { name: "default" }] = [parts[1]?.next?.()];
for ({ first } of [{ first: "loop" }]) first += "!";
class Base {
  constructor(readonly label: string) {}
  tag(): string {
    return this.label;
  }
}
class Derived extends Base {
  constructor() {
    super("derived");
  }
  override tag(): string {
    return super.tag().toUpperCase();
  }
}
export default tiny({
  name: [parts[0]?.next?.().name.trim(), known.name, first, Object.keys(rest).join(), new Derived().tag()].join("/"),
});
`),
  );
  expect(model.name).toBe("/second/loop!/second/DERIVED");
});

test("objects are located at the literal or call that made them, properties at their values", () => {
  const path = writeSpec(`import { attention, layerNorm, type Layers } from "specgraph";
import { tiny } from "./tiny-model.ts";

const options = { heads: 2 };
const block = (eps: number): Layers => [layerNorm({ eps }), attention({ ...options })];
const training = { ...tiny().training, batch: 8 };

export default tiny({ network: block(1e-5), training, name: "located" });
`);
  const { model, locate } = readSpec(path);
  const [norm, attend] = model.network as readonly [Layer, Layer];
  expect(marked(locate(norm))).toBe("layerNorm({ eps })");
  expect(marked(locate(norm, "eps"))).toBe("eps");
  expect(marked(locate(attend, "heads"))).toBe("attention({ ...options })");
  expect(marked(locate(model.training, "batch"))).toBe("8");
  expect(marked(locate(model, "name"))).toBe('"located"');
  expect(marked(locate(model.network))).toBe("block(1e-5)");
  expect(marked(locate(model.training.optimizer, "learningRate"))).toBe("1e-3");
  expect(locate({})).toBeUndefined();
  expect(locate(norm)).toMatchObject({ file: relative(process.cwd(), path), line: 5, column: 41 });
});

test("the ready model is imported by name from anywhere, and what is wrong in it is found in its own source", () => {
  const path = writeSpec(`import { ast, sizes } from "specgraph/ast";

export default ast({ size: sizes.tiny224, stride: { bins: 16, frames: 16 }, frames: 8 });
`);
  const { model, locate } = readSpec(path);
  const [patches] = model.network as readonly [Layer];
  expect(locate(patches, "patch")).toMatchObject({
    file: "spec/ast.ts",
    text: expect.stringMatching("patchEmbedding"),
  });
  expect(marked(locate(model.features[2] as object, "frames"))).toBe("frames");
});

test("defaults, units and class files", () => {
  const path = writeSpec(
    `import { adamW, checkpoint, classesFile, kaldiFbank, multiLabel, padOrCut, waveform } from "specgraph";
import { tiny } from "./tiny-model.ts";

export default tiny({
  input: waveform({ sampleRateHz: 22_050 }),
  features: [kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "povey" }), padOrCut({ frames: 24 })],
  objective: multiLabel({ classes: classesFile("labels/classes.csv") }),
  training: { optimizer: adamW({ learningRate: 1e-3 }), batch: 2, epochs: 1 },
  pretrained: checkpoint({ file: "vit.pth" }),
});
`,
    // A byte order mark, as spreadsheets write it; rows out of order.
    { "labels/classes.csv": '\uFEFFindex,mid,display_name\n1,/m/2,"Bark, growl"\n0,/m/1,Speech\n' },
  );
  const { model, locate } = readSpec(path);
  expect(normalizeSpec(model, locate, path)).toMatchObject({
    recipe: { seed: 0, learningRate: 1e-3 },
    sampleRateHz: 22_050,
    features: {
      removeMean: false,
      frameLengthSamples: 551,
      frameShiftSamples: 220,
      lowHz: 20,
      highHz: 11_025,
      preemphasis: 0.97,
      mean: 0,
      scale: 1,
    },
    objective: "multi-label",
    classes: ["Speech", "Bark, growl"],
    optimizer: { learningRate: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, kind: "adamW" },
    pretrained: { file: join(dirname(path), "vit.pth") },
  });
});

test("paths of layers: numbered where a list has several of a kind, per copy of a block", () => {
  const path = writeSpec('import { tiny } from "./tiny-model.ts";\nexport default tiny();\n');
  const { model, locate } = readSpec(path);
  const { network } = normalizeSpec(model, locate, path);
  expect(network.map(({ path }) => path)).toStrictEqual([
    "patchEmbedding",
    "addTokens",
    "positionalEmbedding",
    "blocks.0.residual1",
    "blocks.0.residual2",
    "blocks.1.residual1",
    "blocks.1.residual2",
    "layerNorm",
    "meanOfTokens",
    "dense",
  ]);
  expect(network[4]?.inner.map(({ path }) => path)).toStrictEqual(
    ["layerNorm", "dense1", "gelu", "dense2"].map((name) => `blocks.0.residual2.${name}`),
  );
});
