/** The training program's random inputs: what the graph says that they are drawn from, and nothing of what they are for. */
import { type Distribution, type Draw, lengthsPerClip } from "../../compiler/artifact/draws.ts";
import { type LoadClip, fillBatch, targetsOf } from "../data/batches.ts";
import type { Clip } from "../data/dataset.ts";
import { drawBeta, drawNormal } from "../data/draw-beta.ts";
import { type Random, randomOf } from "../data/random.ts";
import type { HostTensor, HostTensors } from "../engine/engine.ts";

export interface DrawingOptions {
  readonly draws: readonly Draw[];
  readonly seed: number;
  /** From 1. */
  readonly epoch: number;
  /** Those that are drawn from. */
  readonly clips: readonly Clip[];
  readonly load: LoadClip;
  /** The targets of background clips among them; default 0. */
  readonly background?: number | undefined;
}

/** The rows of a part. */
export interface DrawnRows {
  /** Of its clips in the epoch's order. */
  readonly places: readonly number[];
  /** That each waveform is filled up to. */
  readonly samples: number;
}

/** torchaudio 0.13's `mask_along_axis` for these uniforms in [0, 1). */
export const placeSpan = (
  { widest, within }: { readonly widest: number; readonly within: number },
  uniformLength: number,
  uniformStart: number,
): readonly [start: number, end: number] => {
  const length = uniformLength * widest;
  const start = Math.trunc(uniformStart * (within - length));
  return [start, start + Math.trunc(length)];
};

/** Fills `row` with places of 0 to `of` - 1, in ascending order, each set of them as likely. */
const fillSubset = (row: Float32Array, of: number, random: Random): void => {
  let chosen = 0;
  for (let place = 0; chosen < row.length; place += 1) {
    if (random.below(of - place) >= row.length - chosen) continue;
    row[chosen] = place;
    chosen += 1;
  }
};

type Numbers = Exclude<Distribution, { kind: "clip" | "targets" }>;

/** Fills a clip's values. */
const fillRow = (row: Float32Array, distribution: Numbers, random: Random): void => {
  const fill = (draw: () => number): void => row.forEach((_, index) => (row[index] = draw()));
  switch (distribution.kind) {
    case "uniform": {
      const { from, to } = distribution;
      random.fill(row);
      if (from !== 0 || to !== 1) row.forEach((value, index) => (row[index] = from + (to - from) * value));
      return;
    }
    case "integer": {
      const { from, to } = distribution;
      return fill(() => from + random.below(to - from + 1));
    }
    case "bernoulli":
      return fill(() => Number(random.uniform(0, 1) < distribution.chance));
    case "normal":
      return fill(() => distribution.mean + distribution.deviation * drawNormal(random));
    case "beta":
      return fill(() => drawBeta(distribution.alpha, random));
    case "span":
      return row.set(placeSpan(distribution, random.uniform(0, 1), random.uniform(0, 1)));
    case "subset":
      return fillSubset(row, distribution.of, random);
  }
};

/** Each of its clips' values, [clips, values], one clip after the other. */
const fillRows = (distribution: Numbers, randoms: readonly Random[], width: number): Float32Array => {
  const values = new Float32Array(randoms.length * width);
  randoms.forEach((random, row) => fillRow(values.subarray(row * width, (row + 1) * width), distribution, random));
  return values;
};

const silence = new Float32Array(1);

/**
 * A part's random inputs. What a clip gets is decided by the seed, the epoch, its place in the epoch's order and the input's
 * name: not by the part that it is computed in, nor by other inputs.
 * @throws whatever `load` throws
 */
export const drawInputs = async (
  { places, samples }: DrawnRows,
  { draws, seed, epoch, clips, load, background }: DrawingOptions,
): Promise<HostTensors> => {
  const inputs: Record<string, HostTensor> = {};
  const chosen = new Map<string, readonly (Clip | undefined)[]>();
  const add = (input: string, values: Float32Array, rest: readonly number[]): void => {
    inputs[input] = { type: "float32", data: values, dims: [places.length, ...rest] };
  };

  for (const draw of draws) {
    const { input, distribution } = draw;
    const name = Array.from(input, (character) => character.codePointAt(0) ?? 0);
    const randoms = places.map((place) => randomOf(seed, epoch, place, ...name));
    if (distribution.kind === "clip") {
      const isDrawn = distribution.where === null ? undefined : inputs[distribution.where]?.data;
      const choose = (random: Random, row: number) =>
        isDrawn?.[row] === 0 ? undefined : clips[random.below(clips.length)];
      chosen.set(input, randoms.map(choose));
      continue;
    }
    const lengths = lengthsPerClip(draw, { samples });
    if (distribution.kind === "targets") {
      add(input, targetsOf(chosen.get(distribution.of) ?? [], lengths[0] ?? 0, background), lengths);
    } else {
      add(
        input,
        fillRows(
          distribution,
          randoms,
          lengths.reduce((product, length) => product * length, 1),
        ),
        lengths,
      );
    }
  }

  const loadAll = (all: readonly (Clip | undefined)[]): Promise<readonly Float32Array[]> =>
    Promise.all(all.map(async (clip) => (clip ? load(clip) : silence)));
  const loaded = await Promise.all([...chosen].map(async ([input, all]) => [input, await loadAll(all)] as const));
  const longest = Math.max(...loaded.flatMap(([, waveforms]) => waveforms.map(({ length }) => length)));
  for (const [input, waveforms] of loaded) add(input, fillBatch(waveforms, longest).waveform, [longest]);
  return inputs;
};
