import { join } from "node:path";
import { expect, test } from "vitest";
import { readEvents } from "../../../runtime/runs/read-events.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const step = { event: "step", epoch: 1, step: 1, loss: 0.5, lr: 0.1 };
const figures = { clips: 2, loss: 0.4, accuracy: 1, mAP: null, AUC: null, dPrime: null };
const evaluation = { event: "eval", epoch: 1, step: 1, trainLoss: 0.5, best: true, ...figures };
const averaged = { event: "averaged", epochs: 3, step: 1, ...figures };

const tested = { event: "test", graph: "run/best.onnx", step: 1, ...figures };

const log = (...lines: readonly string[]): string =>
  join(temporaryFolder({ "metrics.jsonl": Buffer.from(lines.join("\n")) }), "metrics.jsonl");
const json = (value: object): string => JSON.stringify(value);

test("events by kind", () => {
  expect(readEvents(log(json(step), json(evaluation), json(averaged), json(tested), ""))).toStrictEqual({
    steps: [step],
    evaluations: [evaluation],
    averaged,
    tests: [tested],
  });
});

test("a line that is still being written is left out; an infinite loss is no number", () => {
  const events = readEvents(log(json({ ...evaluation, loss: Infinity }), json(step).slice(0, 20)));
  expect(events.steps).toStrictEqual([]);
  expect(events.evaluations[0]?.loss).toBeNaN();
});

test.each(["{", `{"event":"stop"}`, `{"event":"step","epoch":1}`, "[]", ""])("a damaged line: %s", (line) => {
  const path = log(json(step), line, json(step), "");
  expect(() => readEvents(path)).toThrow(`${path}:2: the file is damaged: this line is not an event of a training`);
});

test("no such file", () => {
  const path = join(temporaryFolder({}), "metrics.jsonl");
  expect(() => readEvents(path)).toThrow(`${path}: there is no such file`);
});
