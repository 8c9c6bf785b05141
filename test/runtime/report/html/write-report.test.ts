import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../../../compiler/compile.ts";
import { embeddedClips } from "../../../../runtime/data/embedded.ts";
import { collectReport } from "../../../../runtime/report/html/collect-report.ts";
import { writeReport } from "../../../../runtime/report/html/write-report.ts";
import { cpuDevice } from "../../../../runtime/engine/device.ts";
import { readArtifact } from "../../../../runtime/artifact/read-artifact.ts";
import { writeConfig } from "../../../../runtime/runs/run-config.ts";
import { type RunFolder, runFolder } from "../../../../runtime/runs/run-folder.ts";
import { writePredictions } from "../../../../runtime/runs/run-predictions.ts";
import { version } from "../../../../compiler/artifact/version.ts";
import { temporaryFolder } from "../../audio/temporary-folder.ts";

const quickstart = fileURLToPath(new URL("../../../../spec/quickstart.ts", import.meta.url));

const step = { event: "step", epoch: 1, step: 1, loss: 2, lr: 0.1 };
const figures = { clips: 2, loss: 1, accuracy: 0.5, mAP: 0.5, AUC: 0.5, dPrime: 0 };
const evaluation = { event: "eval", epoch: 1, step: 1, trainLoss: 2, best: true, ...figures };

/** A run of the quickstart after its first epoch, but for its graph's answers. */
const createRun = async (): Promise<RunFolder> => {
  const folder = runFolder(temporaryFolder());
  compile({ spec: quickstart, out: folder.best.graph, input: "waveform" });
  const artifact = readArtifact(folder.best.graph);
  const recipe = { ...artifact.metadata.recipe, augmentation: ["gain of up to 6 dB"] };
  const run = {
    graph: { path: "quickstart.onnx", sha256: "0123456789abcdef" },
    data: null,
    labels: null,
    fold: null,
    evalData: null,
    clips: { train: 2000, evaluation: 2, sha256: "0123" },
    epochs: 3,
    steps: null,
    batch: 16,
    learningRate: 0.001,
    seed: 7,
    device: "cpu" as const,
  };
  const command = ["runtime", "train", "my graph.onnx"];
  await writeConfig(folder.config, { run, leftOut: [], command }, { artifact, recipe, device: cpuDevice });
  writeFileSync(folder.metrics, [step, evaluation].map((event) => `${JSON.stringify(event)}\n`).join(""));
  return folder;
};

/** As older runs told their augmentation. */
const tellAsFormerly = ({ config }: RunFolder): void => {
  const told = JSON.parse(readFileSync(config, "utf8")) as { readonly recipe: object };
  writeFileSync(config, JSON.stringify({ ...told, recipe: { ...told.recipe, augmentation: { mixup: null } } }));
};

/** Answers to an embedded sound and a file that is not there: both are of class 0, and the second is taken for class 1. */
const addPredictions = async ({ best }: RunFolder): Promise<void> => {
  const { classes } = readArtifact(best.graph).metadata;
  const row = (first: number, second: number): number[] => classes.map((_, index) => [first, second][index] ?? 0);
  const predictions = {
    logits: Float32Array.from([...row(4, 0), ...row(0, 4)]),
    scores: Float32Array.from([...row(0.9, 0.1), ...row(0.1, 0.9)]),
    targets: Float32Array.from([...row(1, 0), ...row(1, 0)]),
  };
  const [sound] = embeddedClips(classes);
  if (!sound) throw new Error("there are embedded sounds");
  const missing = { ...sound, name: "none.wav", source: { path: "none.wav" } };
  await writePredictions(best.predictions, predictions, [sound.name, missing.name], classes.length);
};

test("a run that tells no augmentation in words", async () => {
  const folder = await createRun();
  tellAsFormerly(folder);
  const { run } = await collectReport(folder.path);
  expect(Object.fromEntries(run)["recipe"]).toMatch(/clips, seed 7, float32$/);
});

test("a run's head, figures and worst clips", async () => {
  const folder = await createRun();
  await addPredictions(folder);
  const data = await collectReport(folder.path);
  expect(data.command).toBe("runtime train 'my graph.onnx'");
  expect(Object.fromEntries(data.run)).toMatchObject({
    data: "the embedded sounds: 2,000 clips to train on, 2 to evaluate on",
    recipe: expect.stringMatching(/^batch 16, learning rate 0.001 .*, gain of up to 6 dB, seed 7, float32$/),
    reached: "epoch 1 of 3, step 1",
  });
  expect(Object.fromEntries(data.environment)).toMatchObject({
    "specgraph runtime": version,
    "Node.js": process.version.slice(1),
    "ONNX Runtime": expect.stringMatching(/^\d+\.\d+/),
    "specgraph compiler": expect.stringMatching(/^\d+\.\d+/),
  });
  expect(data.run.map(([name]) => name)).not.toContain("time");
  expect(data.graph).toBe("best.onnx");
  expect(
    "missing" in data.evaluation ? data.evaluation : [...(data.evaluation.confusion ?? [])].slice(0, 2),
  ).toStrictEqual([1, 1]);

  if ("missing" in data.worstClips) throw new Error(data.worstClips.missing);
  const [worst, better] = data.worstClips;
  expect(worst).toMatchObject({
    name: "none.wav",
    spectrogram: { missing: `${join(process.cwd(), "none.wav")}: there is no such file` },
    sounds: [],
  });
  expect(worst?.labels.slice(0, 2).map(({ score, isTrue }) => [score.toFixed(1), isTrue])).toStrictEqual([
    ["0.1", true],
    ["0.9", false],
  ]);
  expect(better?.spectrogram).toStrictEqual({
    dataUri: expect.stringMatching(/^data:image\/png;base64,iVBORw0KGgo/),
    seconds: expect.closeTo(1, 1),
  });

  expect(better?.sounds).toStrictEqual([expect.stringMatching(/^data:audio\/wav;base64,UklGR/)]);

  expect(await writeReport(folder.path)).toBe(folder.report);
  expect(readFileSync(folder.report, "utf8")).toMatch(/^<!doctype html>[^]*<\/html>\s*$/);
});

test("which clips a run did without", async () => {
  const folder = await createRun();
  const config = JSON.parse(readFileSync(folder.config, "utf8")) as object;
  const leftOut = ["a.wav", "b.wav"].map((clip) => ({ clip, reason: `${clip}: the file is empty` }));
  writeFileSync(folder.config, JSON.stringify({ ...config, leftOut }));
  expect(Object.fromEntries((await collectReport(folder.path)).run)["data"]).toBe(
    "the embedded sounds: 2,000 clips to train on, 2 to evaluate on; 2 that cannot be read are left out",
  );
});

test("how long a run took", async () => {
  const folder = await createRun();
  writeFileSync(folder.usage, JSON.stringify({ seconds: 1083.2, peakMemoryBytes: 4.1e9, sessions: 2 }));
  const { run } = await collectReport(folder.path);
  expect(Object.fromEntries(run)).toMatchObject({
    time: "18 min 3 s, in 2 sessions",
    "peak memory": "4.1 GB, of the process",
  });
});

test("a run without answers says so", async () => {
  const folder = await createRun();
  const { evaluation, worstClips, graph } = await collectReport(folder.path);
  const reason = { missing: "The run holds no predictions: none of its graphs has been evaluated yet." };
  expect([graph, evaluation, worstClips]).toStrictEqual(["graph.onnx", reason, reason]);
});

test("what is no run", async () => {
  const folder = temporaryFolder({ "notes.txt": "" });
  const [none, file] = [join(folder, "none"), join(folder, "notes.txt")];
  await expect(writeReport(none)).rejects.toThrow(`${none}: there is no such folder`);
  await expect(writeReport(file)).rejects.toThrow(`${file}: this is a file; name the folder of a run`);
  const config = join(folder, "config.json");
  await expect(writeReport(folder)).rejects.toThrow(
    `${folder}: holds no run; a training writes ${config} when it begins`,
  );
  writeFileSync(config, "{}");
  await expect(writeReport(folder)).rejects.toThrow(`${config}: not what a training of this runtime's version wrote`);
});

test("damaged files", async () => {
  const folder = await createRun();
  writeFileSync(folder.best.predictions, "damaged");
  await expect(writeReport(folder.path)).rejects.toThrow(
    `${folder.best.predictions}: not a safetensors file, or cut short`,
  );
  writeFileSync(folder.metrics, "{}\n");
  await expect(writeReport(folder.path)).rejects.toThrow(
    `${folder.metrics}:1: the file is damaged: this line is not an event of a training`,
  );
});
