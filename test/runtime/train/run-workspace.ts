import { expect, onTestFinished } from "vitest";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { prepareNewRun } from "../../../runtime/train/prepare-new-run.ts";
import { prepareResumedRun } from "../../../runtime/train/prepare-resumed-run.ts";
import type { PreparedRun, PrepareOptions } from "../../../runtime/train/prepared-run.ts";
import type { RunOptions } from "../../../runtime/train/run-options.ts";
import { train } from "../../../runtime/train/train.ts";
import { writeExternalModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { load } from "./linear-training.ts";

/** A folder with the files given, which is current until the test ends. */
export const enterFolder = (files: Readonly<Record<string, string | Uint8Array>>): string => {
  const folder = temporaryFolder(files);
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  return folder;
};

/** A graph and clips in the folder that is current until the test ends. */
export const enterWorkspace = (): string => {
  const names = ["low", "high"].flatMap((label) => [0, 1, 2, 3, 4].map((index) => `clips/${label}/${index}.wav`));
  // No two are the same.
  const folder = enterFolder(Object.fromEntries(names.map((name, index) => [name, wavBytes([1, index, 0, 0])])));
  writeExternalModel(".");
  return folder;
};

export const values: RunOptions = { data: "clips", epochs: 3, batch: 3, learningRate: 0.25, seed: 7, device: "cpu" };
export const command = ["runtime", "train", "graph.onnx"];
export const preparing: Pick<PrepareOptions, "note" | "signal"> = {
  note: () => undefined,
  signal: new AbortController().signal,
};
export const prepared = async (preparation: Promise<PreparedRun | undefined>): Promise<PreparedRun> =>
  (await preparation) ?? expect.fail("nothing interrupts it");
export const startRun = (changes: RunOptions = {}) =>
  prepared(prepareNewRun("graph.onnx", { ...values, ...changes }, { ...preparing, out: "run", command }));
export const resumeRun = (given: RunOptions = {}, graph?: string, skipBad = false) =>
  prepared(prepareResumedRun("run", graph, given, { ...preparing, skipBad }));

/** Without what its data says about it. */
export const bareClip = ({ name, classIndices }: Clip): object => ({ name, classIndices });

export type Options = Awaited<ReturnType<typeof startRun>>["options"];

/** Runs it to its end, or until an epoch is done. */
export const trainFor = async (options: Options, epochs = Infinity): Promise<void> => {
  const interruption = new AbortController();
  const clip = { name: "0", source: { path: "0" }, classIndices: [0] };
  const events = train({
    ...options,
    load: () => load(clip),
    checkpointMinutes: 10,
    signal: interruption.signal,
    note: () => undefined,
  });
  for await (const event of events) if (event.event === "eval" && event.epoch === epochs) interruption.abort();
};
export const trainOneEpoch = (options: Options): Promise<void> => trainFor(options, 1);
