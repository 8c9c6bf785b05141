/** One small AST in every checkpoint layout: the reference's tensors, renamed and reshaped as each layout has them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GraphInput } from "../../../compiler/artifact/metadata.ts";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import type { NormalizedSpec } from "../../../compiler/ir/normalized-spec.ts";
import type { State } from "../../../compiler/ir/graph.ts";
import { parametersOf, type Program } from "../../../compiler/ir/program.ts";
import { importWeights } from "../../../compiler/weights/import-weights.ts";
import type { ImportOptions } from "../../../compiler/weights/import-context.ts";
import { openModel } from "../../../compiler/weights/open-model.ts";
import { writeSafetensors } from "../../../runtime/safetensors/write-safetensors.ts";
import { ast, type AstOptions } from "../../../spec/ast.ts";
import { type Model, multiLabel, numbered } from "../../../spec/dsl/index.ts";
import { parameterValue } from "../../golden-data/deterministic-tensor.ts";
import { referenceParameters } from "../../golden-data/reference-names.ts";
import { npy, temporaryFolder, zip } from "./readers/builders.ts";

export interface MiniTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
export type MiniTensors = ReadonlyMap<string, MiniTensor>;

const width = 8;
const heads = 2;
const depth = 2;
const classes = 5;

/** 8 x 8 patches, so that a picture's layouts fit without a change of the grid. */
export const miniOptions = {
  size: { width, depth, heads },
  stride: { bins: 16, frames: 16 },
  frames: 128,
  objective: multiLabel({ classes: numbered(classes) }),
} as const satisfies AstOptions;

export const mini = (options: AstOptions = {}): Model => ast({ ...miniOptions, ...options });

export interface Lowered {
  readonly spec: NormalizedSpec;
  readonly program: Program;
  readonly parameters: readonly State[];
}

export const lower = (model: Model, input: GraphInput = "features"): Lowered => {
  const spec = normalizeSpec(model, () => undefined, "spec.ts");
  const program = lowerSpec(spec, input, () => undefined);
  return { spec, program, parameters: parametersOf(program) };
};

const tag = "mini";

/** The tensors of the official AST, without DeiT's own heads. */
export const referenceTensors = (tokens: readonly ("cls" | "dist")[] = ["cls", "dist"]): MiniTensors => {
  const geometry = { width, depth, frames: 128, frequencyStride: 16, timeStride: 16, classes, tokens };
  return new Map(
    referenceParameters(geometry).map(({ name, shape }) => [name, { shape, values: parameterValue(name, shape, tag) }]),
  );
};

export const filled = (shape: readonly number[], value = 0): MiniTensor => ({
  shape,
  values: new Float32Array(shape.reduce((product, length) => product * length, 1)).fill(value),
});

export const renamed = (tensors: MiniTensors, rename: (name: string) => string): MiniTensors =>
  new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));

export const without = (tensors: MiniTensors, pattern: RegExp): MiniTensors =>
  new Map([...tensors].filter(([name]) => !pattern.test(name)));

/** Three input channels whose sum is the one: halves and quarters are exact. */
const asPicture = (name: string, { shape, values }: MiniTensor): MiniTensor => {
  if (!name.endsWith("patch_embed.proj.weight")) return { shape, values };
  const [units = 0, , rows = 0, columns = 0] = shape;
  const plane = rows * columns;
  const kernel = new Float32Array(3 * values.length);
  values.forEach((value, index) => {
    const [unit, place] = [Math.floor(index / plane), index % plane];
    [0.5, 0.25, 0.25].forEach((share, channel) => {
      kernel[(3 * unit + channel) * plane + place] = share * value;
    });
  });
  return { shape: [units, 3, rows, columns], values: kernel };
};

const picture = (tokens: readonly ("cls" | "dist")[]): MiniTensors =>
  new Map([...without(referenceTensors(tokens), /^mlp_head/)].map(([name, tensor]) => [name, asPicture(name, tensor)]));

const thirds = ({ shape: [rows = 0, ...rest], values }: MiniTensor): readonly MiniTensor[] =>
  [0, 1, 2].map((third) => ({
    shape: [rows / 3, ...rest],
    values: values.slice((third * values.length) / 3, ((third + 1) * values.length) / 3),
  }));

type Naming = readonly (readonly [from: string, to: string])[];

const replaceAll = (name: string, naming: Naming): string =>
  naming.reduce((text, [from, to]) => text.replace(from, to), name);

const huggingFaceEmbeddings: Naming = [
  ["v.cls_token", "embeddings.cls_token"],
  ["v.dist_token", "embeddings.distillation_token"],
  ["v.pos_embed", "embeddings.position_embeddings"],
  ["v.patch_embed.proj", "embeddings.patch_embeddings.projection"],
  ["norm1", "layernorm_before"],
  ["norm2", "layernorm_after"],
  ["v.norm", "layernorm"],
];
const onHub: Naming = [
  ["v.blocks", "encoder.layer"],
  ["attn.qkv", "attention.attention.THIRD"],
  ["attn.proj", "attention.output.dense"],
  ["mlp.fc1", "intermediate.dense"],
  ["mlp.fc2", "output.dense"],
];
const inMemory: Naming = [
  ["v.blocks", "layers"],
  ["attn.qkv", "attention.THIRD"],
  ["attn.proj", "attention.o_proj"],
];
const thirdsOnHub = ["query", "key", "value"];
const thirdsInMemory = ["q_proj", "k_proj", "v_proj"];

const huggingFace = (
  tensors: MiniTensors,
  prefix: string,
  [naming, thirdNames]: readonly [Naming, readonly string[]] = [onHub, thirdsOnHub],
): MiniTensors => {
  const result = new Map<string, MiniTensor>();
  for (const [name, tensor] of tensors) {
    const hub = prefix + replaceAll(name, [...huggingFaceEmbeddings, ...naming]);
    if (!hub.includes("THIRD")) result.set(hub, tensor);
    else thirds(tensor).forEach((third, index) => result.set(hub.replace("THIRD", thirdNames[index] ?? ""), third));
  }
  return result;
};

const huggingFaceAstHead: MiniTensors = renamed(
  new Map([...referenceTensors()].filter(([name]) => name.startsWith("mlp_head"))),
  (name) => name.replace("mlp_head.0", "classifier.layernorm").replace("mlp_head.1", "classifier.dense"),
);
const astBody = without(referenceTensors(), /^mlp_head/);

/** Element by element: the axes of the result, in terms of those of `tensor`. */
const transpose = ({ shape, values }: MiniTensor, axes: readonly number[]): MiniTensor => {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const result = axes.map((axis) => shape[axis] ?? 0);
  const gathered = values.map((_, index) => {
    let rest = index;
    let source = 0;
    for (const axis of axes.toReversed()) {
      const length = shape[axis] ?? 1;
      source += (rest % length) * (strides[axis] ?? 0);
      rest = Math.floor(rest / length);
    }
    return values[source] ?? 0;
  });
  return { shape: result, values: gathered };
};

const reshape = ({ values }: MiniTensor, shape: readonly number[]): MiniTensor => ({ shape, values });

const google = (): MiniTensors => {
  const depthOfHead = width / heads;
  const result = new Map<string, MiniTensor>();
  const put = (name: string, tensor: MiniTensor): Map<string, MiniTensor> => result.set(name, tensor);
  for (const [name, tensor] of picture(["cls"])) {
    const [, block = "", part = "", leaf = ""] = /^v\.blocks\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
    const inBlock = `Transformer/encoderblock_${block}`;
    const attention = `${inBlock}/MultiHeadDotProductAttention_1`;
    const isKernel = leaf === "weight";
    const jaxLeaf = isKernel ? "kernel" : "bias";
    const flipped = (): MiniTensor => (isKernel ? transpose(tensor, [1, 0]) : tensor);
    if (name === "v.cls_token") put("cls", tensor);
    else if (name === "v.pos_embed") put("Transformer/posembed_input/pos_embedding", tensor);
    else if (name === "v.patch_embed.proj.weight") put("embedding/kernel", transpose(tensor, [2, 3, 1, 0]));
    else if (name === "v.patch_embed.proj.bias") put("embedding/bias", tensor);
    else if (name.startsWith("v.norm."))
      put(`Transformer/encoder_norm/${name.endsWith("weight") ? "scale" : "bias"}`, tensor);
    else if (part === "norm1") put(`${inBlock}/LayerNorm_0/${isKernel ? "scale" : "bias"}`, tensor);
    else if (part === "norm2") put(`${inBlock}/LayerNorm_2/${isKernel ? "scale" : "bias"}`, tensor);
    else if (part === "mlp.fc1") put(`${inBlock}/MlpBlock_3/Dense_0/${jaxLeaf}`, flipped());
    else if (part === "mlp.fc2") put(`${inBlock}/MlpBlock_3/Dense_1/${jaxLeaf}`, flipped());
    else if (part === "attn.proj")
      put(`${attention}/out/${jaxLeaf}`, isKernel ? reshape(flipped(), [heads, depthOfHead, width]) : tensor);
    else if (part === "attn.qkv") {
      thirds(tensor).forEach((third, index) => {
        const shape = isKernel ? [width, heads, depthOfHead] : [heads, depthOfHead];
        const kernel = isKernel ? transpose(third, [1, 0]) : third;
        put(`${attention}/${thirdsOnHub[index]}/${jaxLeaf}`, reshape(kernel, shape));
      });
    } else throw new Error(`no JAX name for ${name}`);
  }
  return result.set("head/kernel", filled([width, 7])).set("head/bias", filled([7]));
};

const timmHead: MiniTensors = new Map([
  ["head.weight", filled([7, width])],
  ["head.bias", filled([7])],
]);
const distHead: MiniTensors = new Map([
  ["head_dist.weight", filled([7, width])],
  ["head_dist.bias", filled([7])],
]);
const stripped = (tensors: MiniTensors): MiniTensors => renamed(tensors, (name) => name.replace(/^v\./, ""));
const merge = (...parts: readonly MiniTensors[]): MiniTensors => new Map(parts.flatMap((part) => [...part]));
const prefixed = (tensors: MiniTensors, prefix: string): MiniTensors => renamed(tensors, (name) => prefix + name);

export interface MiniLayout {
  readonly tensors: MiniTensors;
  readonly layout: string;
  readonly tokens: readonly ["cls"] | readonly ["cls", "dist"];
  /** Whether the audio classifier is there too. */
  readonly hasHead: boolean;
}

const both = ["cls", "dist"] as const;
const one = ["cls"] as const;
const officialAst = merge(referenceTensors(), prefixed(merge(timmHead, distHead), "v."));
const pooler: MiniTensors = new Map([["pooler.dense.weight", filled([width, width])]]);
const classifier = (name: string): MiniTensors => new Map([[`${name}.weight`, filled([7, width])]]);

export const miniLayouts: Readonly<Record<string, MiniLayout>> = {
  "official AST": { tensors: officialAst, layout: "official AST", tokens: both, hasHead: true },
  "official AST, DataParallel": {
    tensors: prefixed(officialAst, "module."),
    layout: "official AST",
    tokens: both,
    hasHead: true,
  },
  "timm ViT": {
    tensors: merge(stripped(picture(one)), timmHead, new Map([["pre_logits.fc.weight", filled([width, width])]])),
    layout: "timm ViT / DeiT",
    tokens: one,
    hasHead: false,
  },
  "timm distilled DeiT": {
    tensors: merge(stripped(picture(both)), timmHead, distHead),
    layout: "timm ViT / DeiT",
    tokens: both,
    hasHead: false,
  },
  "Hugging Face ViT": {
    tensors: merge(huggingFace(picture(one), "vit."), classifier("classifier")),
    layout: "Hugging Face ViT / DeiT",
    tokens: one,
    hasHead: false,
  },
  "Hugging Face ViT without a classifier": {
    tensors: merge(huggingFace(picture(one), ""), pooler, new Map([["embeddings.mask_token", filled([1, 1, width])]])),
    layout: "Hugging Face ViT / DeiT",
    tokens: one,
    hasHead: false,
  },
  "Hugging Face DeiT": {
    tensors: merge(
      huggingFace(picture(both), "deit."),
      classifier("cls_classifier"),
      classifier("distillation_classifier"),
    ),
    layout: "Hugging Face ViT / DeiT",
    tokens: both,
    hasHead: false,
  },
  "Hugging Face AST": {
    tensors: merge(huggingFace(astBody, "audio_spectrogram_transformer."), huggingFaceAstHead),
    layout: "Hugging Face AST",
    tokens: both,
    hasHead: true,
  },
  "Hugging Face AST, names of transformers 5 in memory": {
    tensors: merge(
      huggingFace(astBody, "audio_spectrogram_transformer.", [inMemory, thirdsInMemory]),
      huggingFaceAstHead,
    ),
    layout: "Hugging Face AST",
    tokens: both,
    hasHead: true,
  },
  "Hugging Face AST without a classifier": {
    tensors: huggingFace(astBody, ""),
    layout: "Hugging Face AST",
    tokens: both,
    hasHead: false,
  },
  "Google ViT": { tensors: google(), layout: "Google ViT", tokens: one, hasHead: false },
};

/** Tensors of a layout, by its name above. */
export const layoutTensors = (name: keyof typeof miniLayouts): MiniTensors => miniLayouts[name]?.tensors ?? new Map();

export const writeCheckpoint = async (
  tensors: MiniTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const path = join(temporaryFolder(), "model.safetensors");
  const writable = [...tensors].map(([name, { shape, values }]) => ({ name, shape, read: () => values }));
  await writeSafetensors(path, writable, metadata);
  return path;
};

export const writeNpz = (tensors: MiniTensors): string => {
  const path = join(temporaryFolder(), "model.npz");
  const arrays = [...tensors].map(([name, { shape, values }]) => ({
    name: `${name}.npy`,
    data: npy("<f4", shape, new Uint8Array(values.buffer)),
  }));
  writeFileSync(path, zip(arrays));
  return path;
};

export interface Imported {
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly coverage: ReturnType<ReturnType<typeof importWeights>["coverage"]>;
}

/** Imports and reads every parameter, by its own name. */
export const importMini = (path: string, options: ImportOptions = {}, model: Model = mini()): Imported => {
  const { spec, parameters } = lower(model);
  const imported = importWeights(openModel(path, options.from), options, spec, parameters);
  const values = new Map(parameters.map((state) => [state.value.name, imported.read(state)]));
  return { values, coverage: imported.coverage() };
};

/** The message of the error, in which the file's path is "FILE". */
export const refusal = (path: string, options: ImportOptions = {}, model: Model = mini()): string => {
  try {
    importMini(path, options, model);
  } catch (error) {
    return String(error).replaceAll(path, "FILE").replace("CheckpointError: ", "");
  }
  return "no error";
};
