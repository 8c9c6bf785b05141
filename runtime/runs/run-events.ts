/** `metrics.jsonl`: what a training tells as it goes, one JSON object per line; written so that a checkpoint can rely on it. */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import * as v from "valibot";
import { readText } from "../files/read-text.ts";
import { writeFailure } from "../files/write-failure.ts";
import { countSchema, parseJson } from "../text/json.ts";
import { UserError } from "../user-error.ts";
import type { AveragedEvent, EpochEvent, LoggedEvent, StepEvent, TestEvent } from "./training-events.ts";

export interface EventLog {
  readonly append: (event: LoggedEvent) => void;
  /** Puts what is appended on the disk. @returns the file's length */
  readonly sync: () => number;
  readonly close: () => void;
}

/** The length of the whole lines among a file's first bytes. */
const wholeLines = (path: string, bytes: number): number => readFileSync(path).subarray(0, bytes).lastIndexOf("\n") + 1;

/**
 * Opens the file and cuts off what was appended after its first bytes, so that a training that goes on from a checkpoint
 * tells every event once. Where the file has lost some of them, what is left stays.
 * @param keptBytes how much stays; 0 to begin anew
 * @param note told what is lost
 * @throws UserError where the file cannot be written
 */
export const openEventLog = (path: string, keptBytes: number, note: (text: string) => void): EventLog => {
  const orFailure = <Result>(act: () => Result): Result => {
    try {
      return act();
    } catch (error) {
      throw writeFailure(path, error);
    }
  };
  const file = orFailure(() => openSync(path, "a"));
  let bytes = keptBytes === 0 ? 0 : wholeLines(path, keptBytes);
  if (bytes < keptBytes) {
    note(
      `${path}: has changed since the checkpoint was written: ${keptBytes - bytes} of its ${keptBytes} bytes are lost; the training goes on, its report lacks what they told`,
    );
  }
  orFailure(() => ftruncateSync(file, bytes));
  return {
    append: (event) => {
      const line = Buffer.from(`${JSON.stringify(event)}\n`);
      orFailure(() => {
        for (let done = 0; done < line.length;) done += writeSync(file, line, done);
      });
      bytes += line.length;
    },
    sync: () => {
      orFailure(() => fsyncSync(file));
      return bytes;
    },
    close: () => closeSync(file),
  };
};

/** JSON has no infinity: a figure that is none was written as null. */
const figure = v.nullable(v.number());
const loss = v.pipe(
  figure,
  v.transform((value) => value ?? Number.NaN),
);
const background = v.object({ clips: countSchema, falseAlarms: v.number() });
const figures = {
  clips: countSchema,
  loss,
  accuracy: v.number(),
  mAP: figure,
  AUC: figure,
  dPrime: figure,
  background: v.optional(background),
};

const eventSchema = v.variant("event", [
  v.object({ event: v.literal("step"), epoch: countSchema, step: countSchema, loss, lr: v.number() }),
  v.object({
    event: v.literal("eval"),
    epoch: countSchema,
    step: countSchema,
    trainLoss: loss,
    best: v.boolean(),
    ...figures,
  }),
  v.object({ event: v.literal("averaged"), epochs: countSchema, step: countSchema, ...figures }),
  v.object({ event: v.literal("test"), graph: v.string(), step: countSchema, ...figures }),
]);

export interface RunEvents {
  readonly steps: readonly StepEvent[];
  readonly evaluations: readonly EpochEvent[];
  readonly averaged: AveragedEvent | null;
  readonly tests: readonly TestEvent[];
}

/**
 * What a run has told so far. A last line without its end is being written, or was when the run was ended, and is left out.
 * @throws UserError where the file cannot be read or a line is no event
 */
export const readEvents = (path: string): RunEvents => {
  const lines = readText(path).split("\n").slice(0, -1);
  const events = lines.map((line, index) => {
    const event = parseJson(eventSchema, line);
    if (event) return event;
    throw new UserError(
      "file-damaged",
      { path, line: index + 1 },
      "the file is damaged: this line is not an event of a training",
    );
  });
  return {
    steps: events.filter((event) => event.event === "step"),
    evaluations: events.filter((event) => event.event === "eval"),
    averaged: events.find((event) => event.event === "averaged") ?? null,
    tests: events.filter((event) => event.event === "test"),
  };
};

/** The last evaluation that none before was as good as. */
export const bestEvaluation = (evaluations: readonly EpochEvent[]): EpochEvent | undefined =>
  evaluations.findLast(({ best }) => best);
