import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Tensor } from "../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { referenceName } from "../../compiler/weights/layouts/reference-name.ts";
import { adam, adamW } from "../../spec/dsl/index.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { type GoldenInput, readGoldenBatch } from "../golden-data/golden-input.ts";
import { committedGoldens, readGoldenJson, recordedGoldens } from "../golden-data/golden.ts";
import { createRunner, type Tensors, type TrainingInfoRunner } from "../onnx/training-info-runner.ts";
import { keptParts, type ReferenceConfig, type ReferenceModel, writeReferenceModel } from "./reference-model.ts";

type Loss = "BCE" | "CE";

interface TrainingFile {
  readonly config: ReferenceConfig;
  /** The number of blocks where it is not that of `config`. */
  readonly config_full_depth?: number;
  readonly weight_tag: string;
  readonly inputs: readonly GoldenInput[];
  readonly targets: { readonly BCE: readonly number[][]; readonly CE_onehot: readonly number[][] };
}

interface Summary {
  readonly l2: number;
  readonly probe?: number;
  readonly first8: readonly number[];
}

interface GradientFile extends TrainingFile {
  readonly results: Readonly<
    Partial<
      Record<
        Loss,
        { readonly f64: { readonly loss: number; readonly grads: Readonly<Record<string, Summary | null>> } }
      >
    >
  >;
}

interface Movement {
  readonly delta_l2: number;
  /** Without the key rows of `qkv.bias`, whose gradient is rounding noise. */
  readonly delta_l2_q_v?: number;
  readonly delta_first8: readonly number[];
}

interface AdamFile extends TrainingFile {
  readonly loss: Loss;
  readonly optimizer: {
    readonly name: "Adam" | "AdamW";
    readonly betas: readonly [number, number];
    readonly weight_decay: number;
  };
  readonly lrs: readonly number[];
  readonly results: {
    /** The reference's own precision: its first losses are up to 1.1e-5 from float64, as Adam's first step is a sign. */
    readonly f32: { readonly losses: readonly number[] };
    readonly f64: {
      readonly params: Readonly<Record<string, Readonly<Record<string, Movement>>>>;
    };
  };
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** A training case, ready to step: its runner and its feeds. */
const openCase = async <Result>(
  folder: string,
  golden: TrainingFile,
  loss: Loss,
  { optimizer, kept }: Required<Pick<ReferenceModel, "optimizer" | "kept">>,
  use: (runner: TrainingInfoRunner, feeds: (learningRate: number) => Tensors) => Promise<Result>,
): Promise<Result> => {
  const { inputs, targets, weight_tag: weightTag, config_full_depth: depth = golden.config.depth } = golden;
  const config = { ...golden.config, ...(depth === undefined ? {} : { depth }) };
  const model: ReferenceModel = { config, weightTag, objective: loss, optimizer, kept };
  const path = writeReferenceModel(model);
  try {
    const rows = loss === "BCE" ? targets.BCE : targets.CE_onehot;
    const features = readGoldenBatch(inputs, [config.input_tdim, 128], join(folder, "training"));
    const batch = {
      input_values: new Tensor("float32", features, [inputs.length, config.input_tdim, 128]),
      targets: new Tensor("float32", Float32Array.from(rows.flat()), [inputs.length, config.label_dim]),
    };
    const rate = (value: number): Tensor => new Tensor("float32", Float32Array.of(value), []);
    return await use(await createRunner(path), (value) => ({ ...batch, learning_rate: rate(value) }));
  } finally {
    rmSync(dirname(path), { recursive: true });
  }
};

const folders = { committed: committedGoldens, ...(recordedGoldens ? { recorded: recordedGoldens } : {}) };
const find = (...files: readonly (readonly [keyof typeof folders, string])[]) =>
  files.flatMap(([where, file]) => {
    const folder = folders[where];
    return folder ? [[`${where} ${file}`, folder, file] as const] : [];
  });

const gradientCases = find(
  ["committed", "grads.json"],
  ["committed", "grads-depth12.json"],
  ["committed", "grads-one-token.json"],
  ["recorded", "grads.json"],
  ["recorded", "grads_depth12.json"],
).flatMap(([name, folder, file]) => {
  const golden = readGoldenJson(folder, "training", file) as GradientFile;
  return (Object.keys(golden.results) as Loss[]).flatMap((loss) =>
    keptParts.map((kept) => [`${name} ${loss}, kept: ${kept}`, folder, golden, loss, kept] as const),
  );
});

describe("gradients of the reference in float64", () => {
  test.each(gradientCases)("%s: each within 1e-4 of its norm", async (_, folder, golden, loss, kept) => {
    const expected = golden.results[loss]?.f64;
    if (!expected) throw new Error(`no results for ${loss}`);
    await openCase(
      folder,
      golden,
      loss,
      { optimizer: adam({ learningRate: 0 }), kept },
      async ({ state, step }, feeds) => {
        const outputs = await step(feeds(0));
        expect(Math.abs(Number(outputs["loss"]?.data[0]) - expected.loss)).toBeLessThan(1e-5);

        const compared: string[] = [];
        for (const [name, { data }] of state) {
          const parameter = name.startsWith("gradient.") ? name.slice("gradient.".length) : undefined;
          if (parameter === undefined) continue;
          const reference = referenceName(parameter) ?? parameter;
          const summary = expected.grads[reference];
          if (!summary) throw new Error(`${reference} has no gradient in the reference`);
          const gradient = data as Float32Array;
          const probe = generateTensor(`${reference}#probe`, gradient.length, 1);
          const errors = [
            norm(gradient) - summary.l2,
            ...summary.first8.map((value, index) => (gradient[index] ?? NaN) - value),
            ...(summary.probe === undefined
              ? []
              : [gradient.reduce((sum, value, index) => sum + value * (probe[index] ?? NaN), 0) - summary.probe]),
          ];
          expect(Math.max(...errors.map(Math.abs)) / summary.l2, reference).toBeLessThan(1e-4);
          compared.push(reference);
        }
        const all = Object.keys(expected.grads).filter((name) => expected.grads[name]);
        expect(compared.toSorted()).toStrictEqual(all.toSorted());
      },
    );
  });
});

const trajectories = ["bce", "ce", "bce-wd", "bce-lrseq"].map((name) => `adam-${name}.json`).concat("adamw-bce.json");
const adamCases = find(
  ...trajectories.map((file) => ["committed", file] as const),
  ...trajectories.map((file) => ["recorded", file.replaceAll("-", "_")] as const),
);

const withoutKeyRows = (name: string, values: Float32Array): Float32Array =>
  name.endsWith("attn.qkv.bias") ? values.filter((_, index) => Math.floor((3 * index) / values.length) !== 1) : values;

describe("trajectories of the reference's optimizer", () => {
  test.each(adamCases)("%s: losses of 20 steps, and movements", async (_, folder, file) => {
    const golden = readGoldenJson(folder, "training", file) as AdamFile;
    const { name, betas, weight_decay: weightDecay } = golden.optimizer;
    const optimizer = { Adam: adam, AdamW: adamW }[name]({ learningRate: 1e-4, betas, weightDecay });
    const { losses } = golden.results.f32;
    const { params } = golden.results.f64;
    await openCase(folder, golden, golden.loss, { optimizer, kept: "usual" }, async ({ state, step }, feeds) => {
      const start = new Map([...state].map(([key, { data }]) => [key, Float32Array.from(data as Float32Array)]));
      for (const [index, learningRate] of golden.lrs.entries()) {
        const outputs = await step(feeds(learningRate));

        expect(Math.abs(Number(outputs["loss"]?.data[0]) - (losses[index] ?? NaN)), `step ${index}`).toBeLessThan(1e-5);

        const movements = index === 19 || index === 4 ? params[String(index + 1)] : undefined;
        for (const [key, { data }] of movements ? state : []) {
          const reference = referenceName(key);
          const movement = reference === undefined ? undefined : movements?.[reference];
          if (reference === undefined || !movement) continue;
          const before = start.get(key);
          const delta = (data as Float32Array).map((value, position) => value - (before?.[position] ?? NaN));
          const first8 = movement.delta_first8.map((value, position) => (delta[position] ?? NaN) - value);
          const isKeyBias = reference.endsWith("attn.qkv.bias");
          const length = isKeyBias ? movement.delta_l2_q_v : movement.delta_l2;
          const lengthError = length === undefined ? 0 : norm(withoutKeyRows(reference, delta)) - length;
          const worst = Math.max(Math.abs(lengthError), ...first8.map(Math.abs));
          expect(worst, `${reference} after step ${index + 1}`).toBeLessThanOrEqual(1e-3 * movement.delta_l2);
        }
      }
    });
  });
});
