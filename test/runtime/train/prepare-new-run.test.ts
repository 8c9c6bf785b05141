import { accumulatingModel } from "../artifact/accumulating-artifact.ts";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { version } from "../../../compiler/artifact/version.ts";
import { prepareNewRun } from "../../../runtime/train/prepare-new-run.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { linearModel, metadata, writeLinearModel } from "../artifact/linear-artifact.ts";
import { saying } from "../saying.ts";
import {
  command,
  enterWorkspace,
  preparing,
  resumeRun,
  startRun,
  trainFor,
  trainOneEpoch,
  values,
} from "./run-workspace.ts";

test("what is doubtful about a run is told: no clip of a class, clips known from training, no steps after the warm-up", async () => {
  enterWorkspace();
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  const warmup = { kind: "linear", steps: 9 } as const;
  const recipe = { ...metadata.recipe, schedule: { kind: "constant", warmup } } as const;
  writeLinearModel(".", linearModel({ classes: ["low", "high", "middle"], recipe }));
  await prepareNewRun("graph.onnx", values, { ...preparing, out: "run", command, note });
  expect(notes).toStrictEqual([
    'clips: no clip to train on for 1 of 3 classes: "middle"',
    "the learning rate is not reached: its warm-up takes 9 steps, and the whole training has 9",
  ]);
  notes.length = 0;
  await prepareNewRun(
    "graph.onnx",
    { ...values, epochs: 4, evalData: "./clips" },
    { ...preparing, out: "longer", command, note },
  );
  expect(notes.slice(1)).toStrictEqual([
    `10 of the 10 clips to evaluate on are also trained on, among them ${join("clips", "high", "0.wav")}`,
  ]);
});

test("a batch with fewer clips than the graph takes statistics over is refused", async () => {
  enterWorkspace();
  writeLinearModel(".", accumulatingModel(2, { classes: ["low", "high"], clipsAtOnce: 2 }));
  await expect(startRun({ batch: 2 })).rejects.toThrow(
    saying("--batch 2: the graph takes statistics over 2 clips or more at once; expected at least 3 in 2 parts"),
  );
  await startRun({ batch: 3 });
});

test("config.json tells what decides a run, and where it ran", async () => {
  const folder = enterWorkspace();
  await startRun();
  const config = JSON.parse(readFileSync(join("run", "config.json"), "utf8")) as object;
  const digest = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
  expect(config).toStrictEqual({
    formatVersion: 1,
    run: {
      graph: { path: "graph.onnx", sha256: digest },
      data: "clips",
      labels: null,
      fold: null,
      evalData: null,
      clips: { train: 8, evaluation: 2, sha256: digest },
      epochs: 3,
      steps: null,
      batch: 3,
      learningRate: 0.25,
      seed: 7,
      device: "cpu",
    },
    leftOut: [],
    folder: expect.stringMatching(/^\/.*\/run$/) as string,
    workingDirectory: expect.stringContaining(folder) as string,
    command,
    startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    model: {
      specName: "linear",
      specHash: "0123456789abcdef",
      objective: "single-label",
      classes: ["low", "high"],
      sampleRateHz: 16_000,
      parameters: 8,
    },
    recipe: expect.objectContaining({
      epochs: 3,
      batch: 3,
      learningRate: 0.25,
      seed: 7,
      sampling: "shuffled",
    }) as object,
    environment: {
      specgraph: version,
      node: process.version,
      onnxruntime: expect.any(String) as string,
      platform: expect.any(String) as string,
      cpu: expect.any(String) as string,
      cores: expect.any(Number) as number,
      memoryBytes: expect.any(Number) as number,
      device: expect.any(String) as string,
    },
  });
});

test("an interrupted run is not overwritten", async () => {
  enterWorkspace();
  await trainOneEpoch((await startRun()).options);
  await expect(startRun()).rejects.toThrow(
    saying(
      "run: holds a run that ended after step 3, before its end; go on with it: runtime train --resume --out run, name another folder, or replace it with --overwrite",
    ),
  );
});

test("a finished run is not overwritten unless that is asked for", async () => {
  enterWorkspace();
  await trainFor((await startRun({ epochs: 1 })).options);
  await expect(startRun()).rejects.toThrow(
    saying(
      "run: holds a finished run of 1 epoch; name another folder with --out, add epochs to it with --resume --epochs N, or replace it with --overwrite",
    ),
  );
  expect(existsSync(join("run", "best.onnx"))).toBe(true);
  await prepareNewRun("graph.onnx", values, { ...preparing, out: "run", overwrite: true, command });
  expect(readdirSync("run").sort()).toStrictEqual(["clips.jsonl", "config.json", "metrics.jsonl", "run.lock"]);
});

test("a folder that a run may not go to is refused before any clip is opened", async () => {
  enterWorkspace();
  await trainFor((await startRun({ epochs: 1 })).options);
  const examine = (): never => expect.fail("clips are opened");
  await expect(prepareNewRun("graph.onnx", values, { ...preparing, out: "run", command, examine })).rejects.toThrow(
    "run: holds a finished run of 1 epoch",
  );
  const own = prepareNewRun(join("run", "graph.onnx"), values, { ...preparing, out: "run", command, examine });
  await expect(own).rejects.toThrow(`run: the run would overwrite ${join("run", "graph.onnx")}`);
});

test("a run that is refused is let go", async () => {
  enterWorkspace();
  await trainOneEpoch((await startRun()).options);
  const lock = join("run", "run.lock");
  rmSync(lock);
  await expect(resumeRun({ learningRate: 3 })).rejects.toThrow(UserError);
  expect(existsSync(lock)).toBe(false);
  await expect(startRun()).rejects.toThrow(UserError);
  expect(existsSync(lock)).toBe(false);
  writeFileSync("graph.onnx", "");
  await expect(resumeRun()).rejects.toThrow(UserError);
  expect(existsSync(lock)).toBe(false);
});
