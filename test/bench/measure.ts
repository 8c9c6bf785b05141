/**
 * A process of its own that measures one case, which compiles in another, so that its peak memory is the case's:
 * `node measure.js NAME [DEVICE] [MEMORY] [FOLDER]`: what training may take, and a folder for ONNX Runtime's profiles. Prints JSON.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { predictMemory, predictStepMemory } from "../../compiler/artifact/cost.ts";
import { samplesIn } from "../../compiler/artifact/frames.ts";
import { names } from "../../compiler/artifact/names.ts";
import { readArtifact } from "../../runtime/artifact/read-artifact.ts";
import { encodeWav } from "../../runtime/audio/encode-wav.ts";
import type { Clip } from "../../runtime/data/dataset.ts";
import { openClassifier } from "../../runtime/engine/classifier.ts";
import { selectDevice } from "../../runtime/devices/select-device.ts";
import { type Device, type DeviceName, deviceNames } from "../../runtime/engine/device.ts";
import type { Engine, HostTensor } from "../../runtime/engine/engine.ts";
import { openFeatureExtractor } from "../../runtime/engine/feature-extractor.ts";
import { nodeEngine } from "../../runtime/engine/node.ts";
import { openTrainingSession } from "../../runtime/engine/training-session.ts";
import { train } from "../../runtime/library/train.ts";
import { peakMemoryBytes } from "../../runtime/runs/run-usage.ts";
import { loadPart } from "../../runtime/train/load-part.ts";
import { type Case, cases, specOf } from "./cases.ts";
import { profilingEngine } from "./profiling-engine.ts";

export interface Measured {
  /** Of each turn. */
  readonly milliseconds: readonly number[];
  readonly peakMb: number;
  /** What is predicted of the memory. */
  readonly predictedMb?: number;
  /** Of a pipeline's steps, the share of their time that they do not wait for clips. */
  readonly busy?: number;
  /** Of a command, what the network's first run takes by itself. */
  readonly firstRunMs?: number;
  /** What a step takes that is fed from memory, with nothing beside it, as a share of what the pipeline's do. */
  readonly ofSpeedAlone?: number;
}

type Turns = Omit<Measured, "peakMb" | "predictedMb">;

/** Milliseconds of each call but the first, which warms up; to the time that the call gives, or its end. */
const time = async (turns: number, call: () => unknown): Promise<readonly number[]> => {
  const milliseconds: number[] = [];
  for (let turn = 0; turn <= turns; turn++) {
    const started = performance.now();
    const ended = await call();
    if (turn > 0) milliseconds.push((typeof ended === "number" ? ended : performance.now()) - started);
  }
  return milliseconds;
};

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const rateHz = 16_000;
const noise = (count: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, index) => 0.1 * Math.sin(index ** 1.5));

/** A sweep in noise, as long as 128 frames hear. */
const oggClip = fileURLToPath(new URL("../../../test/fixtures/audio/sweep-vorbis.ogg", import.meta.url));

const cli = (half: string): string => fileURLToPath(new URL(`../../${half}/cli.js`, import.meta.url));

const compileSpec = (spec: string, graph: string, memory: string): string => {
  const budget = memory === "usual" ? [] : ["--memory", memory];
  const args = [cli("compiler"), spec, "--weights", "none", "--out", graph, ...budget];
  return spawnSync(process.execPath, args, { encoding: "utf8" }).stderr;
};

/** What a case works on: a compiled graph in a folder of its own, and a clip as long as it hears. */
const prepare = (each: Case, folder: string, memory: string) => {
  const [spec, graph] = [join(folder, "bench.ts"), join(folder, "graph.onnx")];
  writeFileSync(spec, specOf(each));
  // A budget that is too small is refused by the least that is not.
  const [, least = ""] = memory === "least" ? (/about (\d+ MB)/.exec(compileSpec(spec, graph, "1 MB")) ?? []) : [];
  compileSpec(spec, graph, least === "" ? memory : least);
  return { spec, graph, artifact: readArtifact(graph), clip: noise((each.frames + 2) * 0.01 * rateHz) };
};

type Prepared = ReturnType<typeof prepare>;

/** What is predicted that the process takes. */
const predictBytes = ({ kind, batch }: Case, { artifact: { metadata } }: Prepared): number | undefined => {
  const { cost } = metadata;
  const extent = { batch, samples: samplesIn(metadata.frames, metadata) };
  if (kind === "train") return predictStepMemory(cost, extent);
  return kind === "infer" ? predictMemory(cost, "inference", extent) : undefined;
};

/** A batch as training feeds it. */
const batchOf = async ({ batch }: Case, { artifact, clip }: Prepared) => {
  const { metadata } = artifact;
  const clips = Array.from({ length: batch }, (_, index): Clip => ({
    name: `clip ${index}`,
    source: { path: String(index) },
    classIndices: [index % metadata.classes.length],
  }));
  const rows = clips.map((clip, place) => ({ clip, place }));
  const { feeds } = await loadPart(
    { rows, endsStep: true, step: 0 },
    { metadata, seed: 0, epoch: 1, clips, load: async () => clip, learningRate: 1e-5 },
  );
  return feeds;
};

/** What computes. */
interface Means {
  readonly engine: Engine;
  readonly device: Device;
}

const timeSteps = async ({ engine, device }: Means, each: Case, prepared: Prepared): Promise<readonly number[]> => {
  const feeds = await batchOf(each, prepared);
  const session = await openTrainingSession(engine, prepared.artifact, device);
  const milliseconds = await time(each.turns, () => session.steps([{ feeds, endsStep: true }]));
  await session.close();
  return milliseconds;
};

const measurements: Readonly<
  Record<Case["kind"], (each: Case, prepared: Prepared, folder: string, means: Means) => Promise<Turns>>
> = {
  train: async (each, prepared, _, means) => ({ milliseconds: await timeSteps(means, each, prepared) }),
  infer: async (each, prepared, _, { engine, device }) => {
    const waveform = (await batchOf(each, prepared))[names.waveform] as HostTensor;
    const classifier = await openClassifier(engine, prepared.artifact, device);
    const milliseconds = await time(each.turns, () => classifier.classify(waveform));
    await classifier.close();
    return { milliseconds };
  },
  features: async ({ turns }, { artifact, clip }, _, { engine }) => {
    const extractor = await openFeatureExtractor(engine, artifact);
    const milliseconds = await time(turns, () => extractor.extract(clip));
    await extractor.close();
    return { milliseconds };
  },
  compile: async ({ turns }, { spec, graph }) => ({
    milliseconds: await time(turns, () =>
      spawnSync(process.execPath, [cli("compiler"), spec, "--weights", "none", "--out", graph]),
    ),
  }),
  // From the process's start to the first of its answer, beside what the network's first run takes by itself.
  "infer-cli": async ({ turns }, { graph, clip, artifact }, folder, { engine, device }) => {
    const path = join(folder, "clip.wav");
    writeFileSync(path, encodeWav(clip, rateHz));
    const args = [cli("runtime"), "infer", graph, path, "--device", "cpu"];
    const milliseconds = await time(turns, async () => {
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
      const ended = once(child, "exit");
      const answered = await once(child.stdout, "data").then(() => performance.now());
      await ended;
      return answered;
    });
    const classifier = await openClassifier(engine, artifact, device);
    const started = performance.now();
    await classifier.classify({ type: "float32", data: clip, dims: [1, clip.length] });
    const firstRunMs = performance.now() - started;
    await classifier.close();
    return { milliseconds, firstRunMs };
  },
  // Ogg Vorbis at 44.1 kHz, each clip decoded and resampled once. What is told after an epoch is of its steps but for the first three.
  pipeline: async (each, prepared, folder, means) => {
    const alone = await timeSteps(means, each, prepared);
    const count = each.batch * (each.turns + 3);
    const clips = Array.from({ length: count + each.batch }, (_, index) => ({
      path: join(folder, `${index}.ogg`),
      labels: prepared.artifact.metadata.classes[index % 2] ?? "",
      split: index < count ? ("train" as const) : ("validation" as const),
    }));
    for (const { path } of clips) copyFileSync(oggClip, path);
    const options = { data: clips, out: join(folder, "run"), epochs: 2, device: "cpu" } as const;
    const milliseconds: number[] = [];
    let before: number | undefined;
    for await (const event of train(prepared.graph, options)) {
      if (event.event === "step" && before !== undefined) milliseconds.push(performance.now() - before);
      if (event.event === "step") before = performance.now();
      if (event.event !== "pace" || event.step < each.turns) continue;
      const busy = 1 - event.secondsWaiting / event.secondsPerStep;
      return { milliseconds, busy, ofSpeedAlone: medianOf(alone) / medianOf(milliseconds) };
    }
    throw new Error("a training has told no pace");
  },
};

const measure = async (each: Case, memory: string, means: Means): Promise<Measured> => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-bench-"));
  try {
    const prepared = prepare(each, folder, memory);
    const turns = await measurements[each.kind](each, prepared, folder, means);
    const predicted = means.device.kind === "cpu" ? predictBytes(each, prepared) : undefined;
    return {
      ...turns,
      peakMb: peakMemoryBytes() / 1e6,
      ...(predicted === undefined ? {} : { predictedMb: predicted / 1e6 }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const [name, device = "cpu", memory = "usual", profiles] = process.argv.slice(2);
const found = cases.find((each) => each.name === name);
const kind: DeviceName | undefined = deviceNames.find((each) => each === device);
if (!found || !kind) throw new Error(`no case is called ${name}, or no device ${device}`);
const engine = profiles === undefined ? nodeEngine : profilingEngine(profiles);
console.log(JSON.stringify(await measure(found, memory, { engine, device: await selectDevice(kind) })));
