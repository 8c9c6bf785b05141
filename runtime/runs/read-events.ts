/** `metrics.jsonl`, checked. */
import * as v from "valibot";
import { countSchema } from "../text/count-schema.ts";
import { readText } from "../files/read-text.ts";
import { UserError } from "../user-error.ts";
import { parseJson } from "../text/parse-json.ts";
import type { TrainEvent } from "./train-event.ts";

/** JSON has no infinity: a figure that is none was written as null. */
const figure = v.nullable(v.number());
const loss = v.pipe(
  figure,
  v.transform((value) => value ?? Number.NaN),
);
const figures = { clips: countSchema, loss, accuracy: v.number(), mAP: figure, AUC: figure, dPrime: figure };

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

type EventOf<Kind extends TrainEvent["event"]> = Extract<TrainEvent, { readonly event: Kind }>;
export type EvaluationEvent = EventOf<"eval">;

export interface RunEvents {
  readonly steps: readonly EventOf<"step">[];
  readonly evaluations: readonly EvaluationEvent[];
  readonly averaged: EventOf<"averaged"> | null;
  readonly tests: readonly EventOf<"test">[];
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
