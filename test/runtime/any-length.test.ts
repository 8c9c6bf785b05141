/** A graph of any length from spec to scores: as the graphs of each length that are compiled with its weights. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { decodeOnnx } from "../../compiler/artifact/onnx.ts";
import { compile } from "../../compiler/compile.ts";
import type { Clip } from "../../runtime/data/dataset.ts";
import { type Explanation, open } from "../../runtime/index.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "./audio/temporary-folder.ts";
import { collect, optionsIn, outline, resumed } from "./train/linear-training.ts";
import { train } from "../../runtime/train/train.ts";

const sampleRateHz = 16_000;

const compileAst = (folder: string, name: string, options: string, weights?: string): string => {
  const [spec, out] = [join(folder, `${name}.ts`), join(folder, `${name}.onnx`)];
  writeFileSync(
    spec,
    `import { adam, maskTime, mixup, noise, roll, singleLabel } from "specgraph";
import { ast } from "specgraph/ast";

export default ast({
  name: "${name}",
  size: { width: 32, depth: 2, heads: 2 },
  objective: singleLabel({ classes: ["no", "maybe", "yes"] }),
  training: {
    optimizer: adam({ learningRate: 1e-3 }), batch: 3, epochs: 2,
    augment: [mixup({ rate: 0.5 }), maskTime({ frames: 20 }), noise(), roll()],
  },
  ${options},
});
`,
  );
  compile({ spec, out, input: "waveform", ...(weights === undefined ? {} : { weights }) });
  return out;
};

const opened = async (graph: string) => {
  const model = await open(graph, { device: "cpu" });
  onTestFinished(() => model.close());
  return model;
};

const clipOf = (seconds: number) => ({
  samples: generateTensor(`any length/${seconds}`, Math.round(seconds * sampleRateHz), 0.3),
  sampleRateHz,
});

const expectClose = (found: Float32Array, expected: Float32Array, tolerance: number): void => {
  expect(found).toHaveLength(expected.length);
  const errors = found.map((value, at) => Math.abs(value - (expected[at] ?? NaN)));
  expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(tolerance);
};

/** What an explanation tells but for numbers that rounding changes. */
const withoutValues = ({ spectrogram, attention }: Explanation) => ({
  spectrogram: { ...spectrogram, values: [] },
  attention: { ...attention, values: [] },
});

test("clips of a second to half a minute are as in the graphs of their lengths with its weights, together and alone", async () => {
  const folder = temporaryFolder();
  const graph = compileAst(folder, "any", 'length: "any"');
  const model = await opened(graph);
  const lengths = [1, 2.37, 5, 10.255, 29];
  const clips = lengths.map(clipOf);
  const together = await model.classify(clips);
  for (const [index, seconds] of lengths.entries()) {
    const frames = 1 + Math.floor((Math.round(seconds * sampleRateHz) - 400) / 160);
    const fixed = await opened(compileAst(folder, `fixed-${frames}`, `frames: ${frames}`, graph));
    const [expected] = await fixed.classify(clips.slice(index, index + 1));
    const [alone] = await model.classify(clips.slice(index, index + 1));
    for (const found of [together[index], alone]) {
      const errors = Array.from(expected?.scores ?? [NaN], (score, at) => Math.abs((found?.scores[at] ?? NaN) - score));
      expect(Math.max(...errors), `${seconds} s`).toBeLessThan(1e-5);
    }
    const [seen, seenFixed] = [await model.explain(clipOf(seconds)), await fixed.explain(clipOf(seconds))];
    expect(withoutValues(seen), `${seconds} s`).toStrictEqual(withoutValues(seenFixed));
    expect(seen.spectrogram).toMatchObject({ frames, framesHeard: frames });
    expectClose(seen.spectrogram.values, seenFixed.spectrogram.values, 1e-5);
    // Beside the mean of all patches.
    expectClose(seen.attention.values, seenFixed.attention.values, 1e-5 / seen.attention.values.length);
  }

  // Of a clip that is longer than it hears, it hears the beginning.
  expect(model.metadata.mostSeconds).toBeCloseTo(30.735, 6);
  const long = clipOf(33);
  const beginning = { ...long, samples: long.samples.slice(0, 30.735 * sampleRateHz) };
  const [whole, heard] = await model.classify([long, beginning]);
  expect(whole?.scores).toStrictEqual(heard?.scores);
}, 400_000);

test("a training on clips of several lengths that is interrupted comes to the same, bit for bit", async () => {
  const folder = temporaryFolder();
  const graph = compileAst(folder, "short", 'length: "any", frames: 40, most: 80');
  const clips = Array.from({ length: 7 }, (_, index): Clip => ({
    name: `clip ${index}`,
    source: { path: String(index) },
    classIndices: [index % 3],
  }));
  const load = async ({ name }: Clip): Promise<Float32Array> => {
    const number = Number(name.split(" ")[1]);
    return generateTensor(`any length/${name}`, 600 + 2000 * number, 0.3);
  };
  const model = decodeOnnx(readFileSync(graph));
  const changes = {
    model,
    clips,
    load,
    evaluationClips: clips.slice(0, 3),
    recipe: { batch: 3, epochs: 2, learningRate: 1e-3 },
  };
  const whole = optionsIn(temporaryFolder(), changes);
  const events = outline(await collect(whole));
  const interruption = new AbortController();
  const parted = optionsIn(temporaryFolder(), { ...changes, signal: interruption.signal });
  const told = [];
  for await (const event of train(parted)) {
    told.push(event);
    if (told.length === 2) interruption.abort();
  }
  const { signal } = whole;
  const rest = await collect(await resumed({ ...parted, signal }));
  expect(events.slice(-1)).toStrictEqual(outline(rest).slice(-1));
  const graphOf = (options: typeof whole): string => readFileSync(options.folder.last.graph, "hex");
  expect(graphOf(parted) === graphOf(whole)).toBe(true);
});
