import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { exitCodes } from "../../../runtime/commands/command.ts";
import { statsCommand } from "../../../runtime/commands/stats-command.ts";
import { recordOutput } from "../record-output.ts";
import { saying } from "../saying.ts";
import { generatedClipIds, generatedClipPcm } from "../../golden-data/generated-clip.ts";
import { committedGoldens, readGoldenJson, recordedGoldens } from "../../golden-data/golden.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { compileFrontEnd } from "../stats/front-end.ts";

const { signal } = new AbortController();

interface Told {
  readonly text: string;
  readonly json: unknown;
  readonly exitCode: number;
}

const run = async (...args: readonly string[]): Promise<Told> => {
  const lines: string[] = [];
  const events: unknown[] = [];
  const output = {
    result: (line: string) => lines.push(line),
    progress: (line: string) => lines.push(line),
    json: (event: object) => events.push(event),
    note: (line: string) => lines.push(line),
    terminal: undefined,
  };
  const exitCode = await statsCommand.run(args, output, signal);
  expect(events).toHaveLength(1);
  return { text: lines.join("\n"), json: events[0], exitCode };
};

const stats = async (...args: readonly string[]): Promise<Told> => {
  const told = await run(...args);
  expect(told.exitCode).toBe(exitCodes.done);
  return told;
};

interface GoldenClip {
  readonly id: string;
  /** The reference's features before padding; sum and l2 are those of all its values. */
  readonly fbank: { readonly full_shape: readonly [number, number]; readonly sum: number; readonly l2: number };
}

const readManifest = (folder: string): readonly GoldenClip[] =>
  (readGoldenJson(folder, "features", "manifest.json") as { readonly clips: readonly GoldenClip[] }).clips;

/** Mean and unbiased deviation of all the reference's values and of zeros, `count` altogether. */
const spreadOf = (clips: readonly GoldenClip[], count: number): { readonly mean: number; readonly std: number } => {
  const sum = clips.reduce((total, { fbank }) => total + fbank.sum, 0);
  const squares = clips.reduce((total, { fbank }) => total + fbank.l2 ** 2, 0);
  return { mean: sum / count, std: Math.sqrt((squares - sum ** 2 / count) / (count - 1)) };
};

/** What `stats` says of clips, none of which a graph of `frames` cuts, and what it should. */
const measureAll = async (
  clips: readonly GoldenClip[],
  frames: number,
  read: (id: string) => Uint8Array,
): Promise<{ readonly json: unknown; readonly expected: object }> => {
  const data = temporaryFolder(Object.fromEntries(clips.map(({ id }) => [`sounds/${id}.wav`, read(id)])));
  const values = clips.reduce((total, { fbank: { full_shape: shape } }) => total + shape[0] * shape[1], 0);
  const all = frames * 128 * clips.length;
  const close = ({ mean, std }: { mean: number; std: number }) => ({
    mean: expect.closeTo(mean, 4) as number,
    std: expect.closeTo(std, 4) as number,
  });
  const { json } = await stats(compileFrontEnd(frames), "--data", data);
  const padded = { frames, ...close(spreadOf(clips, all)), paddedShare: expect.closeTo(1 - values / all, 9) as number };
  return {
    json,
    expected: { clips: clips.length, statistics: { ...padded, unpadded: close(spreadOf(clips, values)) } },
  };
};

describe("mean and deviation are those of the reference's features", () => {
  test("generated clips", async () => {
    const clips = readManifest(committedGoldens);
    expect(clips.map(({ id }) => id)).toStrictEqual(generatedClipIds);
    const pcm = new Map<string, Int16Array>(generatedClipIds.map((id) => [id, generatedClipPcm(id)]));
    const { json, expected } = await measureAll(clips, 128, (id) => wavBytes([...(pcm.get(id) ?? [])]));
    expect(json).toMatchObject(expected);
  });

  test.skipIf(!recordedGoldens)("recorded clips", async () => {
    const folder = recordedGoldens ?? "";
    const read = (id: string): Uint8Array => readFileSync(join(folder, "features", `${id}.wav`));
    const { json, expected } = await measureAll(readManifest(folder), 1104, read);
    expect(json).toMatchObject(expected);
  });
});

/** Silence is log(2^-23) = -15.9424 in every bin. */
const silence = (frames: number, sampleRateHz = 16_000): Buffer => {
  const samples = ((400 + 160 * (frames - 1)) * sampleRateHz) / 16_000;
  return wavBytes(
    Array.from({ length: samples }, () => 0),
    { sampleRateHz },
  );
};

test("for people: what the clips are, and lines for the spec", async () => {
  const data = temporaryFolder({
    "train/dog/1.wav": silence(24),
    "train/dog/2.wav": silence(6, 8000),
    "train/cat/1.wav": silence(18),
    "test/cat/2.wav": silence(90),
  });
  const { text } = await stats(compileFrontEnd(24), "--data", data);
  expect(text).toBe(`${data}: 3 clips for training; 1 for evaluation are left out
length       0.07 s, 0.20 s, 0.26 s (least, median, most); 0.53 s in all
sample rate  8,000 Hz (1), 16,000 Hz (2)
log-mel      mean -10.6283, std 7.5157, in 24 frames a clip, 33.3 % of it zeros after the ends of clips
             mean -15.9424, std 0.0000, without these zeros
normalised   mean -0.6961, std 0.8225, as this graph does it

class  training  evaluation
cat           1           1
dog           2           0

For the spec:
  frames: 24, // holds every clip whole
  statistics: { mean: -10.6283, std: 7.5157 },
  objective: singleLabel({ classes: ["cat", "dog"] }),`);
});

test("clips that cannot be read are all told, and left out", async () => {
  const data = temporaryFolder({
    "dog/1.wav": silence(24),
    "dog/2.wav": "text",
    "cat/3.wav": silence(18),
    "cat/4.mp3": "",
    "cat/5.wav": wavBytes([1, 2, 3]),
  });
  const refusals = [
    `${join(data, "cat", "4.mp3")}: the file is empty`,
    `${join(data, "cat", "5.wav")}: the clip has 3 samples at 16000 Hz; the model needs 400 or more (25 ms)`,
    `${join(data, "dog", "2.wav")}: this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes`,
  ];
  const { text, json, exitCode } = await run(compileFrontEnd(24), "--data", data);
  const lines = text.split("\n");
  expect(lines.slice(1, 4)).toStrictEqual(refusals);
  expect(lines.at(-1)).toBe("3 of 5 clips cannot be read, and are in none of these figures");
  expect(text).toContain("  frames: 24, // holds every clip whole\n");
  expect(json).toMatchObject({ clips: 2, unreadable: refusals });
  expect(exitCode).toBe(exitCodes.userError);
});

test("for people: clips of several classes, longer than the graph", async () => {
  const lengths = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`${index}.wav`, silence(index === 0 ? 90 : 40)]),
  );
  const rows = Object.keys(lengths).map((name, index) => `${name},${index % 2 === 0 ? "0" : "0;1"}`);
  const folder = temporaryFolder({ ...lengths, "clips.csv": `path,label\n${rows.join("\n")}\n` });
  const data = join(folder, "clips.csv");
  const { text } = await stats(compileFrontEnd(16), "--data", data);
  expect(text).toBe(`${data}: 20 clips
20 of 20 clips are longer than the 0.2 s that the model hears: 60.2 % of the sound is not heard
length       0.41 s, 0.41 s, 0.92 s (least, median, most); 8.80 s in all
sample rate  16,000 Hz (20)
log-mel      mean -15.9424, std 0.0000, in 16 frames a clip, 0.0 % of it zeros after the ends of clips
normalised   mean -1.2776, std 0.0000, as this graph does it

class  training  evaluation
0            16           4
1             7           3
(the data names no clips for evaluation: \`train\` holds out a fifth of each class)

For the spec:
  frames: 48, // holds 19 of 20 clips whole
  statistics: { mean: -15.9424, std: 0.0000 }, // of 16 frames: compile with 48 and measure that graph
  objective: multiLabel({ classes: numbered(2) }),`);
});

test("for programs: a shorter length is proposed with its own statistics", async () => {
  const folder = temporaryFolder({
    "a.wav": silence(8),
    "clips.json": JSON.stringify({ data: [{ wav: "a.wav", labels: "/m/1" }] }),
    "labels.csv": "index,mid,display_name\n0,/m/0,Speech\n1,/m/1,Dog\n",
  });
  const labels = join(folder, "labels.csv");
  const graph = compileFrontEnd(64);
  const { json, text } = await stats(graph, "--data", join(folder, "clips.json"), "--labels", labels);
  const mean = expect.closeTo(Math.log(2 ** -23) / 2, 5) as number;
  expect(json).toMatchObject({
    event: "stats",
    graph,
    data: join(folder, "clips.json"),
    clips: 1,
    seconds: { least: 0.095, median: 0.095, most: 0.095, total: 0.095 },
    clipsBySampleRateHz: { "16000": 1 },
    statistics: { frames: 64, paddedShare: 7 / 8 },
    proposal: { frames: 16, wholeClips: 1, statistics: { frames: 16, mean, paddedShare: 1 / 2 } },
    objective: "singleLabel",
    classes: [{ label: "Dog", training: 1, evaluation: 0, test: 0 }],
  });
  expect(text.endsWith(`objective: singleLabel({ classes: classesFile(${JSON.stringify(labels)}) }),`)).toBe(true);
});

test("without a graph, data that cannot be read are told alone", async () => {
  const folder = temporaryFolder({ "one.wav": silence(24) });
  const { texts, notes, output } = recordOutput();
  await expect(statsCommand.run(["--data", folder], output, signal)).rejects.toThrow("expected one per class");
  expect([...texts, ...notes]).toStrictEqual([]);
});

test("without a graph, AST's features are measured, and told", async () => {
  const data = temporaryFolder({
    ...Object.fromEntries(["train", "val", "test"].map((part) => [`${part}/dog/1.wav`, silence(24)])),
    "train/cat/1.wav": silence(40),
  });
  const { text, json } = await stats("--data", data);
  expect(text)
    .toBe(`no graph is named: measured through AST's features, 16,000 Hz, 128 bins, windows of 25 ms every 10 ms, 1024 frames
${data}: 2 clips for training; 2 for evaluation are left out
length       0.26 s, 0.26 s, 0.41 s (least, median, most); 0.67 s in all
sample rate  16,000 Hz (2)
log-mel      mean -0.4982, std 2.7739, in 1024 frames a clip, 96.9 % of it zeros after the ends of clips
             mean -15.9424, std 0.0000, without these zeros

class  training  evaluation  test
cat           1           0     0
dog           1           1     1

For the spec:
  frames: 48, // holds every clip whole
  statistics: { mean: -10.6283, std: 7.5156 },
  objective: singleLabel({ classes: ["cat", "dog"] }),`);
  expect(json).toMatchObject({ graph: null, normalized: null, statistics: { frames: 1024 } });
});

test("clips that `train` would refuse", async () => {
  const data = temporaryFolder({ "dog/1.wav": silence(24), "dog/2.wav": silence(24) });
  const { text } = await stats(compileFrontEnd(24), "--data", data);
  expect(text).toContain(
    `\`train\` will refuse these clips: ${data}: every training clip is "dog"; training tells classes apart and needs two or more\n`,
  );
});

test("a clip whose values are absurd is named, and in no figure", async () => {
  const absurd = wavBytes(
    Array.from({ length: 4000 }, (_, index) => (index === 9 ? 1e30 : 0)),
    { encoding: "float", bits: 32 },
  );
  const data = temporaryFolder({ "dog/1.wav": silence(24), "dog/2.wav": silence(24), "cat/1.wav": absurd });
  const { text, json, exitCode } = await run(compileFrontEnd(24), "--data", data);
  expect(text).toContain(
    `${join(data, "cat", "1.wav")}: sample 9 is 1.0000000150474662e+30; expected numbers in [-1, 1]`,
  );
  expect(text).not.toContain("NaN");
  expect(json).toMatchObject({ clips: 2, statistics: { mean: expect.closeTo(Math.log(2 ** -23), 4) as number } });
  expect(exitCode).toBe(exitCodes.userError);
});

describe("what cannot be measured", () => {
  test("several graphs", async () => {
    await expect(stats("a.onnx", "b.onnx")).rejects.toThrow(
      saying("runtime stats takes one graph, and 2 are given: a.onnx b.onnx; see runtime stats --help"),
    );
  });

  test("a graph that starts at features", async () => {
    const graph = compileFrontEnd(64, "features");
    await expect(stats(graph)).rejects.toThrow(
      saying(`${graph}: starts at features, and clips are waveforms; compile its spec without --input features`),
    );
  });

  test("a graph that normalises each clip by its own statistics", async () => {
    const folder = temporaryFolder({ "data/dog/1.wav": silence(24) });
    const [spec, graph] = [join(folder, "spec.ts"), join(folder, "graph.onnx")];
    const text = readFileSync(fileURLToPath(new URL("../../compiler/tiny-model.ts", import.meta.url)), "utf8");
    const own = text.replace("normalize({ mean: -4, std: 4 })", 'normalize({ per: "clip" })');
    writeFileSync(spec, `${own}\nexport default tiny();\n`);
    compile({ spec, out: graph, input: "waveform" });
    await expect(stats(graph, "--data", join(folder, "data"))).rejects.toThrow(
      saying(
        `${graph}: normalises each clip by its own mean and deviation: there are none of the data to measure for it; without a graph, AST's features are measured`,
      ),
    );
  });

  test("clips for evaluation alone", async () => {
    const data = temporaryFolder({ "test/dog/1.wav": silence(1) });
    await expect(stats(compileFrontEnd(64), "--data", data)).rejects.toThrow(
      saying(`${data}: all its clips are for evaluation; there is none for training to measure`),
    );
  });

  test("clips that can all not be read", async () => {
    const data = temporaryFolder({ "dog/1.wav": "", "dog/2.wav": wavBytes([1, 2, 3]) });
    await expect(stats(compileFrontEnd(64), "--data", data)).rejects.toThrow(saying(`${data}: no clip can be read`));
  });
});
