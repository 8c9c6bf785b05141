/** Weights imported from ViT and AST checkpoints, against what the official code makes of the same checkpoints. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "../onnxruntime.ts";
import { afterAll, describe, expect, test } from "vitest";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { writeArtifact } from "../../compiler/emit/write-artifact.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { importWeights, type ImportedWeights } from "../../compiler/weights/import-weights.ts";
import { referenceName } from "../../compiler/weights/layouts/reference-name.ts";
import { matchLayout } from "../../compiler/weights/match-layout.ts";
import { openCheckpoint } from "../../compiler/weights/readers/open-checkpoint.ts";
import { writeSafetensors } from "../../runtime/safetensors/write-safetensors.ts";
import { ast, type AstOptions, sizes } from "../../spec/ast.ts";
import { multiLabel, numbered } from "../../spec/dsl/index.ts";
import type { State } from "../../compiler/ir/graph.ts";
import { parametersOf, type Program } from "../../compiler/ir/program.ts";
import { generateTensor, parameterValue } from "../golden-data/deterministic-tensor.ts";
import { committedGoldens, readGoldenJson } from "../golden-data/golden.ts";
import { readFloatNpy } from "../golden-data/npy.ts";

interface PositionCase {
  readonly id: string;
  readonly model_size?: keyof typeof sizes;
  readonly fstride: number;
  readonly tstride: number;
  readonly input_tdim: number;
  readonly ckpt_tag: string;
  readonly pos_embed: { readonly file: string; readonly slice: string };
  readonly patch_embed: { readonly weight: string; readonly weight_slice: string; readonly bias: string } | string;
}

interface Manifest {
  readonly imagenet: readonly PositionCase[];
  readonly audioset: readonly PositionCase[];
  readonly layouts: Readonly<Record<string, readonly (readonly [string, readonly number[]])[]>>;
  readonly import_forward: { readonly ckpt_tag: string; readonly logits: string };
}

const folder = join(committedGoldens, "vitimport");
const manifest = readGoldenJson(folder, "manifest.json") as Manifest;
const temporary = mkdtempSync(join(tmpdir(), "specgraph-import-"));
afterAll(() => rmSync(temporary, { recursive: true }));

/** A checkpoint of the generator's weights, written once per layout. */
const written = new Map<string, string>();
const writeCheckpoint = async (layout: string, tag: string): Promise<string> => {
  const known = written.get(layout);
  if (known !== undefined) return known;
  const path = join(temporary, `${layout}.safetensors`);
  const tensors = (manifest.layouts[layout] ?? []).map(([name, shape]) => {
    const read = (): Float32Array => parameterValue(name.replace(/^module\./, ""), shape, tag);
    return { name, shape, read };
  });
  await writeSafetensors(path, tensors, {});
  written.set(layout, path);
  return path;
};

interface Import {
  readonly program: Program;
  readonly imported: ImportedWeights;
  readonly state: (reference: string) => State;
}

const importInto = (options: AstOptions, path: string): Import => {
  const spec = normalizeSpec(ast(options), () => undefined, "spec.ts");
  const program = lowerSpec(spec, "features", () => undefined);
  const parameters = parametersOf(program);
  const state = (reference: string): State => {
    const found = parameters.find(({ value }) => referenceName(value.name) === reference);
    if (!found) throw new Error(`no parameter ${reference}`);
    return found;
  };
  return { program, imported: importWeights(matchLayout(openCheckpoint(path), path), {}, spec, parameters), state };
};

/** Every `step`th row and column: NumPy's `[:, ::a, ::b]` or `[::a]`. */
const strided = (values: Float32Array, width: number, slice: string): number[] => {
  const [rowStep = 1, columnStep = 1] = [...slice.matchAll(/::(\d+)/g)].map(([, step]) => Number(step));
  return Array.from(values).filter(
    (_, index) => Math.floor(index / width) % rowStep === 0 && (index % width) % columnStep === 0,
  );
};

const largestDifference = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(actual.length).toBe(expected.length);
  return Math.max(...Array.from(actual, (value, index) => Math.abs(value - (expected[index] ?? NaN))));
};

const logitsOf = async (
  { program, imported }: Import,
  features: Float32Array,
  shape: readonly number[],
  head?: string,
): Promise<Float32Array> => {
  const path = join(temporary, "graph.onnx");
  const read = (state: State): Float32Array => {
    const name = referenceName(state.value.name) ?? "";
    if (head === undefined || !name.startsWith("mlp_head.")) return imported.read(state);
    return parameterValue(name, state.value.type.shape.map(Number), head);
  };
  writeArtifact(path, program, read, [], "test");
  const session = await InferenceSession.create(path);
  const { logits } = await session.run({ input_values: new Tensor("float32", features, shape) });
  await session.release();
  return logits?.data as Float32Array;
};

const cases = [
  ...manifest.imagenet.map((one) => [one.id, one.model_size ?? "", one] as const),
  ...manifest.audioset.map((one) => [one.id, "audioset_ckpt", one] as const),
];

describe("positions and patch kernels after an import", () => {
  test.each(cases)("%s: within 1e-6", async (_, layout, one) => {
    const size = one.model_size ?? "base384";
    const path = await writeCheckpoint(layout, one.ckpt_tag);
    const { imported, state } = importInto(
      {
        size: sizes[size],
        stride: { bins: one.fstride, frames: one.tstride },
        frames: one.input_tdim,
        objective: multiLabel({ classes: numbered(527) }),
      },
      path,
    );
    const { width } = sizes[size];
    const positions = imported.read(state("v.pos_embed"));
    const expected = readFloatNpy(join(folder, one.pos_embed.file)).data;
    expect(largestDifference(strided(positions, width, one.pos_embed.slice), expected)).toBeLessThan(1e-6);

    if (typeof one.patch_embed === "string") return;
    const kernel = imported.read(state("v.patch_embed.proj.weight"));
    const { weight, weight_slice: slice, bias } = one.patch_embed;
    expect(largestDifference(strided(kernel, 256, slice), readFloatNpy(join(folder, weight)).data)).toBeLessThan(1e-6);
    const biases = imported.read(state("v.patch_embed.proj.bias"));
    expect([...biases]).toStrictEqual([...readFloatNpy(join(folder, bias)).data]);
  });
});

describe("logits after an import", () => {
  test("ImageNet DeiT into 512 frames, 50 classes: within 2e-5", async () => {
    const { ckpt_tag: tag, logits } = manifest.import_forward;
    const options = { size: sizes.tiny224, frames: 512, objective: multiLabel({ classes: numbered(50) }) };
    const imported = importInto(options, await writeCheckpoint("tiny224", tag));
    const features = generateTensor(`import_input#${tag}`, 2 * 512 * 128, 1);
    const actual = await logitsOf(imported, features, [2, 512, 128], tag);
    expect(largestDifference(actual, readFloatNpy(join(folder, logits)).data)).toBeLessThan(2e-5);
  });

  test.each(["ast_mini_zip.pth", "ast_mini_legacy.pth"])(
    "%s, a checkpoint of the official AST: within 2e-5",
    async (file) => {
      const { ast_mini_forward: expected } = readGoldenJson(committedGoldens, "ckpt", "manifest.json") as {
        readonly ast_mini_forward: { readonly logits: readonly number[][] };
      };
      const options = {
        size: { width: 16, depth: 2, heads: 2 },
        frames: 128,
        objective: multiLabel({ classes: numbered(10) }),
      };
      const imported = importInto(options, join(committedGoldens, "ckpt", file));
      const features = generateTensor("mini_input#public/mini-ast", 2 * 128 * 128, 1);
      const actual = await logitsOf(imported, features, [2, 128, 128]);
      expect(largestDifference(actual, expected.logits.flat())).toBeLessThan(2e-5);
    },
  );
});
