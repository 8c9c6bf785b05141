/** Networks evaluated in double precision, clips of any lengths, by the layers' definitions. */
import type { Flow } from "../../../compiler/ir/flow.ts";
import type { PlacedLayer } from "../../../compiler/ir/placed-layer.ts";
import type { Layer } from "../../../spec/dsl/index.ts";
import { erf } from "../ops/nd-array.ts";

type Rows = readonly (readonly number[])[];

/** A spectrogram [frames, bins], a sequence [tokens, width], or one row [width]; `tokens` gives positions by name. */
interface State {
  readonly rows: Rows;
  readonly tokens: Readonly<Record<string, number>>;
  /** What attention adds to the score of a query and a key. */
  readonly bias?: ((head: number, query: number, key: number) => number) | undefined;
}

/** A parameter's values by its full name, or those that a layer draws for all clips. */
type Parameters = (name: string) => ArrayLike<number>;

/** What a batch norm goes by: its running statistics, or those of all rows of all clips. */
type Mode = "inference" | "training";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const dot = (a: readonly number[], b: ArrayLike<number>, offset = 0): number =>
  a.reduce((total, value, index) => total + value * (b[offset + index] ?? NaN), 0);
const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);

/** row W^T + bias. */
const linear = (row: readonly number[], weight: ArrayLike<number>, bias: ArrayLike<number>): readonly number[] =>
  Array.from(bias, (own, unit) => dot(row, weight, unit * row.length) + own);

const activations = {
  gelu: (x: number) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  relu: (x: number) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  silu: (x: number) => x / (1 + Math.exp(-x)),
};

const attend = (
  { rows, bias }: State,
  { heads, gated = false }: Extract<Layer, { kind: "attention" }>,
  get: Parameters,
): Rows => {
  const width = rows[0]?.length ?? 0;
  const depth = width / heads;
  const projected = rows.map((row) => linear(row, get("qkv.weight"), get("qkv.bias")));
  const part = (row: readonly number[], which: number, head: number): readonly number[] =>
    row.slice(which * width + head * depth, which * width + (head + 1) * depth);
  const gate = (query: readonly number[], head: number): number => {
    const mapped = linear(query, get("gate.weight"), get("gate.bias"));
    const [first = NaN, second = NaN] = [0, 4].map((at) => activations.sigmoid(sum(mapped.slice(at, at + 4))));
    return first * (second * (get("gate.scale")[head] ?? NaN) - 1) + 2;
  };
  const mixed = projected.map((row, at) =>
    range(heads).flatMap((head) => {
      const heard = gated ? gate(part(row, 0, head), head) : 1;
      const scores = projected.map((other, key) =>
        Math.exp(
          dot(part(row, 0, head), part(other, 1, head)) / Math.sqrt(depth) + heard * (bias?.(head, at, key) ?? 0),
        ),
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

/** Of one place, sines before cosines. */
const waves = (place: number, width: number): readonly number[] =>
  range(width).map((index) => {
    const angle = place * Math.exp((-2 * (index % (width / 2)) * Math.log(10_000)) / width);
    return index < width / 2 ? Math.sin(angle) : Math.cos(angle);
  });

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

/** An image [frequency, then time][channels] of one, or of a spectrogram [frames][bins]. */
const convolve = (
  rows: Rows,
  {
    channels,
    kernel,
    stride = { bins: 1, frames: 1 },
    groups = 1,
    padding = "same",
  }: Extract<Layer, { kind: "convolution" }>,
  takes: Flow,
  get: Parameters,
): Rows => {
  if (takes.kind === "tokens" || takes.kind === "vector") throw new Error("a convolution takes an image");
  const [taken, frames] = takes.kind === "image" ? [takes.channels, takes.frames] : [1, rows.length];
  const count = groups === "channels" ? taken : groups;
  const kernels = channels ?? taken;
  const inner = taken / count;
  const valueAt = (frame: number, bin: number, channel: number): number => {
    if (frame < 0 || bin < 0 || frame >= frames || bin >= takes.bins) return 0;
    return (takes.kind === "image" ? rows[bin * frames + frame]?.[channel] : rows[frame]?.[bin]) ?? NaN;
  };
  const before = (length: number): number => (padding === "same" ? Math.floor(length / 2) : 0);
  const places = (length: number, size: number, step: number): readonly number[] =>
    range(padding === "same" ? Math.ceil(length / step) : Math.floor((length - size) / step) + 1).map(
      (place) => place * step - before(size),
    );
  const [weight, bias, area] = [get("weight"), get("bias"), kernel.frames * kernel.bins];
  const valueOf = (unit: number, frame: number, bin: number): number => {
    const first = Math.floor(unit / (kernels / count)) * inner;
    let total = bias[unit] ?? NaN;
    for (let tap = 0; tap < inner * area; tap++) {
      const [down, across] = [Math.floor((tap % area) / kernel.bins), tap % kernel.bins];
      const value = valueAt(frame + down, bin + across, first + Math.floor(tap / area));
      total += (weight[unit * inner * area + tap] ?? NaN) * value;
    }
    return total;
  };
  return places(takes.bins, kernel.bins, stride.bins).flatMap((bin) =>
    places(frames, kernel.frames, stride.frames).map((frame) =>
      range(kernels).map((unit) => valueOf(unit, frame, bin)),
    ),
  );
};

/** T5's, in float64: where no distance is at the end of a bucket. */
const bucketOf = (distance: number, buckets: number, maxDistance: number): number => {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const size = Math.abs(distance);
  const spread = (Math.log(size / exact) / Math.log(maxDistance / exact)) * (half - exact);
  return (distance > 0 ? half : 0) + (size < exact ? size : Math.min(half - 1, exact + Math.floor(spread)));
};

/** By layers that compute each clip for itself. */
const applyToClip = (
  state: State,
  layer: Exclude<Layer, { kind: "residual" | "batchNorm" }>,
  get: Parameters,
  takes: Flow,
  { clip, clipCount, mode }: { readonly clip: number; readonly clipCount: number; readonly mode: Mode },
): State => {
  const { rows, tokens } = state;
  const gridRows = takes.kind === "tokens" ? takes.grid.rows : 1;
  switch (layer.kind) {
    case "convolution":
      return { rows: convolve(rows, layer, takes, get), tokens };
    case "averagePooling":
    case "maxPooling": {
      if (takes.kind !== "image") throw new Error("pooling takes an image");
      const { frames: high, bins: wide } = layer.size;
      const [down, across] = [Math.floor(takes.bins / wide), Math.floor(takes.frames / high)];
      const pooled = range(down * across).map((place) => {
        const [bin, frame] = [Math.floor(place / across) * wide, (place % across) * high];
        const part = range(wide * high).map(
          (at) => rows[(bin + Math.floor(at / high)) * takes.frames + frame + (at % high)] ?? [],
        );
        return range(takes.channels).map((channel) => {
          const values = part.map((row) => row[channel] ?? NaN);
          return layer.kind === "maxPooling" ? Math.max(...values) : mean(values);
        });
      });
      return { rows: pooled, tokens };
    }
    case "imageToTokens":
      return { rows, tokens };
    case "tokenConvolution": {
      const added = Object.values(tokens);
      const patches = range(rows.length).filter((at) => !added.includes(at));
      const columns = patches.length / gridRows;
      const ordered =
        layer.order === "timeFirst"
          ? range(patches.length).map((at) => patches[(at % gridRows) * columns + Math.floor(at / gridRows)] ?? NaN)
          : patches;
      const [width, { kernel, groups = 1 }] = [rows[0]?.length ?? 0, layer];
      const inner = width / groups;
      const taps = range(kernel).map((tap) => {
        const held = get(layer.weightNorm === true ? "weight_v" : "weight");
        const own = range(width).map((unit) =>
          range(inner).map((channel) => held[(unit * inner + channel) * kernel + tap] ?? NaN),
        );
        if (layer.weightNorm !== true) return own;
        const scale = (get("weight_g")[tap] ?? NaN) / Math.hypot(...own.flat());
        return own.map((row) => row.map((value) => scale * value));
      });
      const convolved = rows.map((row, at) => {
        const place = ordered.indexOf(at);
        if (place < 0) return row.map(() => 0);
        return row.map((_, unit) => {
          const first = Math.floor(unit / inner) * inner;
          const parts = taps.flatMap((weights, tap) => {
            const from = rows[ordered[place + tap - Math.floor(kernel / 2)] ?? NaN];
            return from ? (weights[unit] ?? []).map((weight, channel) => weight * (from[first + channel] ?? NaN)) : [];
          });
          return sum(parts) + (get("bias")[unit] ?? NaN);
        });
      });
      return { rows: convolved, tokens };
    }
    case "relativePositions":
    case "bucketedPositions": {
      const added = Object.values(tokens);
      const places = range(rows.length).filter((at) => !added.includes(at));
      const columns = places.length / gridRows;
      const entryOf = (
        [row = NaN, column = NaN]: readonly number[],
        [otherRow = NaN, otherColumn = NaN]: readonly number[],
      ) => {
        if (layer.kind === "relativePositions")
          return (row - otherRow + gridRows - 1) * (2 * columns - 1) + column - otherColumn + columns - 1;
        const place = (down: number, across: number): number =>
          layer.order === "timeFirst" ? across * gridRows + down : down * columns + across;
        const distance = place(otherRow, otherColumn) - place(row, column);
        return bucketOf(distance, layer.buckets ?? 320, layer.maxDistance ?? 800);
      };
      const bias = (head: number, query: number, key: number): number => {
        if (added.includes(query) || added.includes(key)) return 0;
        const [from = [], to = []] = [query, key].map((at) => {
          const place = places.indexOf(at);
          return [Math.floor(place / columns), place % columns];
        });
        return get("weight")[entryOf(from, to) * layer.heads + head] ?? NaN;
      };
      return { ...state, bias };
    }
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
    case "sinCosPositions":
    case "separatePositions": {
      const added = Object.values(tokens);
      const { length } = rows.filter((_, at) => !added.includes(at));
      const before = rows.findIndex((_, at) => !added.includes(at));
      const along = (place: number): readonly number[] =>
        layer.kind === "separatePositions"
          ? []
          : waves(place, (rows[0]?.length ?? 0) / (layer.along === "time" ? 1 : 2));
      return {
        rows: rows.map((row, at) => {
          if (added.includes(at)) return row;
          const [place, count] = [at - before, length / gridRows];
          const [down, across] = [Math.floor(place / count), place % count];
          const value = (index: number): number => {
            if (layer.kind === "separatePositions")
              return (
                (get("frequency")[down * row.length + index] ?? NaN) + (get("time")[across * row.length + index] ?? NaN)
              );
            const own = layer.along === "time" ? along(across) : [...along(down), ...along(across)];
            return own[index] ?? NaN;
          };
          return row.map((old, index) => old + value(index));
        }),
        tokens,
      };
    }
    case "groupNorm": {
      const size = (rows[0]?.length ?? 0) / layer.groups;
      const groupOf = (index: number): number => Math.floor(index / size);
      const moments = range(layer.groups).map((group) => {
        const values = rows.flatMap((row) => row.filter((_, index) => groupOf(index) === group));
        const average = mean(values);
        return [average, Math.sqrt(mean(values.map((value) => (value - average) ** 2)) + (layer.eps ?? 1e-5))];
      });
      return {
        rows: rows.map((row) =>
          row.map((value, index) => {
            const [average = NaN, deviation = NaN] = moments[groupOf(index)] ?? [];
            return ((value - average) / deviation) * (get("weight")[index] ?? NaN) + (get("bias")[index] ?? NaN);
          }),
        ),
        tokens,
      };
    }
    case "maxOfTokens": {
      const heard = layer.names.length === 0 ? rows : layer.names.map((name) => rows[tokens[name] ?? NaN] ?? []);
      const greatest = (index: number): number => Math.max(...heard.map((row) => row[index] ?? NaN));
      return { rows: [range(rows[0]?.length ?? 0).map(greatest)], tokens };
    }
    case "squeezeExcite": {
      const average = range(rows[0]?.length ?? 0).map((index) => mean(rows.map((row) => row[index] ?? NaN)));
      const reduced = linear(average, get("reduce.weight"), get("reduce.bias")).map(activations.relu);
      const scale = linear(reduced, get("expand.weight"), get("expand.bias")).map(activations.sigmoid);
      return { rows: rows.map((row) => row.map((value, index) => value * (scale[index] ?? NaN))), tokens };
    }
    case "attentionPooling": {
      const width = rows[0]?.length ?? 0;
      const depth = width / layer.heads;
      const heard = rows.map((row) => linear(row, get("kv.weight"), get("kv.bias")));
      const mixed = range(layer.heads).flatMap((head) => {
        const query = range(depth).map((index) => get("query")[head * depth + index] ?? NaN);
        const shares = heard.map((row) => Math.exp(dot(query, row, head * depth) / Math.sqrt(depth)));
        return range(depth).map(
          (index) =>
            sum(heard.map((row, at) => (shares[at] ?? NaN) * (row[width + head * depth + index] ?? NaN))) / sum(shares),
        );
      });
      return { rows: [linear(mixed, get("proj.weight"), get("proj.bias"))], tokens };
    }
    case "patchout": {
      if (mode === "inference") return { rows, tokens };
      const added = Object.values(tokens);
      const places = range(rows.length).filter((at) => !added.includes(at));
      const columns = places.length / gridRows;
      /** What was drawn; nothing: all. */
      const keptOf = (what: string, all: number): readonly number[] => {
        const drawn = Array.from(get(what));
        const count = drawn.length / clipCount;
        return drawn.length === 0 ? range(all) : drawn.slice(clip * count, (clip + 1) * count);
      };
      const crossings = keptOf("rows", gridRows).flatMap((row) =>
        keptOf("columns", columns).map((column) => places[row * columns + column] ?? NaN),
      );
      const kept = new Set(keptOf("patches", crossings.length).map((at) => crossings[at]));
      const left = range(rows.length).filter((at) => added.includes(at) || kept.has(at));
      return {
        rows: left.map((at) => rows[at] ?? []),
        tokens: Object.fromEntries(Object.entries(tokens).map(([name, at]) => [name, left.indexOf(at)])),
      };
    }
    case "dropPath":
    case "dropout":
      return { rows, tokens };
    case "layerScale":
      return { rows: rows.map((row) => row.map((value, index) => value * (get("weight")[index] ?? NaN))), tokens };
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
    case "attention":
      return { rows: attend(state, layer, get), tokens };
    case "dense":
      return { rows: rows.map((row) => linear(row, get("weight"), get("bias"))), tokens };
    case "activation":
      return { rows: rows.map((row) => row.map(activations[layer.name])), tokens };
    case "meanOfTokens":
    case "meanWithoutTokens":
    case "meanOfPatches": {
      const added = Object.values(tokens);
      const named = layer.kind === "meanOfTokens" ? layer.names : [];
      const left = layer.kind === "meanWithoutTokens" ? layer.names.map((name) => tokens[name] ?? NaN) : added;
      const others = layer.kind === "meanOfTokens" ? rows : rows.filter((_, at) => !left.includes(at));
      const picked = named.length === 0 ? others : named.map((name) => rows[tokens[name] ?? NaN] ?? []);
      return {
        rows: [range(rows[0]?.length ?? 0).map((index) => mean(picked.map((row) => row[index] ?? NaN)))],
        tokens,
      };
    }
  }
};

/** Mean and variance of each channel. */
const momentsOf = (states: readonly State[]): readonly (readonly [mean: number, variance: number])[] => {
  const rows = states.flatMap((state) => state.rows);
  return range(rows[0]?.length ?? 0).map((channel) => {
    const values = rows.map((row) => row[channel] ?? NaN);
    const average = mean(values);
    return [average, mean(values.map((value) => (value - average) ** 2))];
  });
};

const normalize = (
  states: readonly State[],
  { eps = 1e-5 }: Extract<Layer, { kind: "batchNorm" }>,
  get: Parameters,
  mode: Mode,
): readonly State[] => {
  const running = Array.from(get("weight"), (_, channel) => [
    get("running_mean")[channel] ?? NaN,
    get("running_variance")[channel] ?? NaN,
  ]);
  const moments = mode === "training" ? momentsOf(states) : running;
  const normalized = (value: number, channel: number): number => {
    const [average = NaN, variance = NaN] = moments[channel] ?? [];
    const deviation = Math.sqrt(variance + eps);
    return ((value - average) / deviation) * (get("weight")[channel] ?? NaN) + (get("bias")[channel] ?? NaN);
  };
  return states.map((state) =>
    withRows(
      state,
      state.rows.map((row) => row.map(normalized)),
    ),
  );
};

const addRows = (rows: Rows, others: Rows): Rows =>
  rows.map((row, at) => row.map((value, index) => value + (others[at]?.[index] ?? NaN)));

const withRows = (state: State, rows: Rows): State => ({ ...state, rows });

const evaluateLayers = (
  states: readonly State[],
  layers: readonly PlacedLayer[],
  parameters: Parameters,
  mode: Mode,
): readonly State[] =>
  layers.reduce((before, { layer, path, inner, takes }): readonly State[] => {
    const get: Parameters = (name) => parameters(`${path}.${name}`);
    if (layer.kind === "batchNorm") return normalize(before, layer, get, mode);
    if (layer.kind !== "residual")
      return before.map((state, clip) => ({
        bias: state.bias,
        ...applyToClip(state, layer, get, takes, {
          clip,
          clipCount: before.length,
          mode,
        }),
      }));
    const after = evaluateLayers(before, inner, parameters, mode);
    return before.map((state, clip) => withRows(state, addRows(state.rows, after[clip]?.rows ?? [])));
  }, states);

/** The logits of each clip; in training clips of one batch make each other's statistics. */
export const evaluateNetwork = (
  spectrograms: readonly Rows[],
  network: readonly PlacedLayer[],
  parameters: Parameters,
  mode: Mode = "inference",
): Rows => {
  const states = spectrograms.map((rows) => ({ rows, tokens: {} }));
  return evaluateLayers(states, network, parameters, mode).map(({ rows }) => rows[0] ?? []);
};
