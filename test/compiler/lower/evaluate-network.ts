/** Networks evaluated in double precision, a clip at a time, by the layers' definitions. */
import type { PlacedLayer } from "../../../compiler/ir/placed-layer.ts";
import type { Layer } from "../../../spec/dsl/index.ts";
import { erf } from "../ops/nd-array.ts";

type Rows = readonly (readonly number[])[];

/** A spectrogram [frames, bins], a sequence [tokens, width], or one row [width]; `tokens` gives positions by name. */
interface State {
  readonly rows: Rows;
  readonly tokens: Readonly<Record<string, number>>;
}

/** A parameter's values by its full name. */
export type Parameters = (name: string) => Float32Array;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const dot = (a: readonly number[], b: ArrayLike<number>, offset = 0): number =>
  sum(a.map((value, index) => value * (b[offset + index] ?? NaN)));
const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);

/** row W^T + bias. */
const linear = (row: readonly number[], weight: Float32Array, bias: Float32Array): readonly number[] =>
  range(bias.length).map((unit) => dot(row, weight, unit * row.length) + (bias[unit] ?? NaN));

const activations = {
  gelu: (x: number) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  relu: (x: number) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
};

const attend = (rows: Rows, heads: number, get: Parameters): Rows => {
  const width = rows[0]?.length ?? 0;
  const depth = width / heads;
  const projected = rows.map((row) => linear(row, get("qkv.weight"), get("qkv.bias")));
  const part = (row: readonly number[], which: number, head: number): readonly number[] =>
    row.slice(which * width + head * depth, which * width + (head + 1) * depth);
  const mixed = projected.map((row) =>
    range(heads).flatMap((head) => {
      const scores = projected.map((other) =>
        Math.exp(dot(part(row, 0, head), part(other, 1, head)) / Math.sqrt(depth)),
      );
      return range(depth).map(
        (column) =>
          sum(projected.map((other, index) => (scores[index] ?? NaN) * (part(other, 2, head)[column] ?? NaN))) /
          sum(scores),
      );
    }),
  );
  return mixed.map((row) => linear(row, get("proj.weight"), get("proj.bias")));
};

const cut = (rows: Rows, { patch, stride }: Extract<Layer, { kind: "patchEmbedding" }>): Rows => {
  const count = (length: number, size: number, step: number): number => Math.floor((length - size) / step) + 1;
  const columns = count(rows.length, patch.frames, stride.frames);
  return range(count(rows[0]?.length ?? 0, patch.bins, stride.bins)).flatMap((row) =>
    range(columns).map((column) =>
      range(patch.bins).flatMap((bin) =>
        range(patch.frames).map((frame) => rows[column * stride.frames + frame]?.[row * stride.bins + bin] ?? NaN),
      ),
    ),
  );
};

const apply = ({ rows, tokens }: State, { layer, path, inner }: PlacedLayer, parameters: Parameters): State => {
  const get: Parameters = (name) => parameters(`${path}.${name}`);
  switch (layer.kind) {
    case "repeat":
      throw new Error("blocks are unrolled");
    case "patchEmbedding":
      return { rows: cut(rows, layer).map((patch) => linear(patch, get("weight"), get("bias"))), tokens };
    case "addTokens": {
      const added = layer.names.map((name) => Array.from(get(name)));
      const isFirst = layer.position === "first";
      const shifted = Object.entries(tokens).map(([name, at]) => [name, isFirst ? at + added.length : at] as const);
      const placed = layer.names.map((name, index) => [name, isFirst ? index : rows.length + index] as const);
      return {
        rows: isFirst ? [...added, ...rows] : [...rows, ...added],
        tokens: Object.fromEntries([...shifted, ...placed]),
      };
    }
    case "positionalEmbedding":
      return {
        rows: rows.map((row, at) => row.map((value, index) => value + (get("weight")[at * row.length + index] ?? NaN))),
        tokens,
      };
    case "residual": {
      const after = evaluateLayers({ rows, tokens }, inner, parameters);
      return {
        rows: rows.map((row, at) => row.map((value, index) => value + (after.rows[at]?.[index] ?? NaN))),
        tokens,
      };
    }
    case "dropPath":
      return { rows, tokens };
    case "layerNorm":
      return {
        rows: rows.map((row) => {
          const average = mean(row);
          const deviation = Math.sqrt(mean(row.map((value) => (value - average) ** 2)) + layer.eps);
          return row.map(
            (value, index) =>
              ((value - average) / deviation) * (get("weight")[index] ?? NaN) + (get("bias")[index] ?? NaN),
          );
        }),
        tokens,
      };
    case "batchNorm": {
      const { eps = 1e-5 } = layer;
      const normalized = (value: number, channel: number): number => {
        const [mean = NaN, variance = NaN] = ["running_mean", "running_variance"].map((name) => get(name)[channel]);
        const deviation = Math.sqrt(variance + eps);
        return ((value - mean) / deviation) * (get("weight")[channel] ?? NaN) + (get("bias")[channel] ?? NaN);
      };
      return { rows: rows.map((row) => row.map(normalized)), tokens };
    }
    case "attention":
      return { rows: attend(rows, layer.heads, get), tokens };
    case "dense":
      return { rows: rows.map((row) => linear(row, get("weight"), get("bias"))), tokens };
    case "activation":
      return { rows: rows.map((row) => row.map(activations[layer.name])), tokens };
    case "meanOfTokens":
    case "meanOfPatches": {
      const added = Object.values(tokens);
      const named = layer.kind === "meanOfTokens" ? layer.names : [];
      const others = layer.kind === "meanOfTokens" ? rows : rows.filter((_, at) => !added.includes(at));
      const picked = named.length === 0 ? others : named.map((name) => rows[tokens[name] ?? NaN] ?? []);
      return {
        rows: [range(rows[0]?.length ?? 0).map((index) => mean(picked.map((row) => row[index] ?? NaN)))],
        tokens,
      };
    }
  }
};

const evaluateLayers = (state: State, layers: readonly PlacedLayer[], parameters: Parameters): State =>
  layers.reduce((before, layer) => apply(before, layer, parameters), state);

/** The logits of one clip. */
export const evaluateNetwork = (
  spectrogram: Rows,
  network: readonly PlacedLayer[],
  parameters: Parameters,
): readonly number[] => evaluateLayers({ rows: spectrogram, tokens: {} }, network, parameters).rows[0] ?? [];
