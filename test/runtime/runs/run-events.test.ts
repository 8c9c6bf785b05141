import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEventLog, readEvents } from "../../../runtime/runs/run-events.ts";
import type { LoggedEvent } from "../../../runtime/runs/training-events.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { saying } from "../saying.ts";

const stepOf = (step: number): LoggedEvent => ({ event: "step", epoch: 1, step, loss: 0.5, lr: 0.1 });
const [first, second, third] = [stepOf(1), stepOf(2), stepOf(3)];
const figures = { clips: 2, loss: 0.4, accuracy: 1, mAP: null, AUC: null, dPrime: null };
const evaluation = { event: "eval", epoch: 1, step: 1, trainLoss: 0.5, best: true, ...figures };
const averaged = { event: "averaged", epochs: 3, step: 1, ...figures };

const tested = { event: "test", graph: "run/best.onnx", step: 1, ...figures };

const log = (...lines: readonly string[]): string =>
  join(temporaryFolder({ "metrics.jsonl": Buffer.from(lines.join("\n")) }), "metrics.jsonl");
const json = (value: object): string => JSON.stringify(value);

test("events by kind", () => {
  expect(readEvents(log(json(first), json(evaluation), json(averaged), json(tested), ""))).toStrictEqual({
    steps: [first],
    evaluations: [evaluation],
    averaged,
    tests: [tested],
  });
});

test("a line that is still being written is left out; an infinite loss is no number", () => {
  const events = readEvents(log(json({ ...evaluation, loss: Infinity }), json(first).slice(0, 20)));
  expect(events.steps).toStrictEqual([]);
  expect(events.evaluations[0]?.loss).toBeNaN();
});

test.each(["{", `{"event":"stop"}`, `{"event":"step","epoch":1}`, "[]", ""])("a damaged line: %s", (line) => {
  const path = log(json(first), line, json(first), "");
  expect(() => readEvents(path)).toThrow(`${path}:2: the file is damaged: this line is not an event of a training`);
});

test("no such file", () => {
  const path = join(temporaryFolder({}), "metrics.jsonl");
  expect(() => readEvents(path)).toThrow(`${path}: there is no such file`);
});

const unexpected = (text: string): never => expect.fail(text);

test("what follows the kept bytes is told again", () => {
  const path = join(temporaryFolder({ "metrics.jsonl": "from another run" }), "metrics.jsonl");
  const log = openEventLog(path, 0, unexpected);
  log.append(first);
  const kept = log.sync();
  log.append({ event: "test", graph: "ü.onnx", step: 1, ...figures });
  log.close();
  expect(readFileSync(path, "utf8")).toMatch(/^.*\n.*"ü\.onnx".*\n$/);

  const next = openEventLog(path, kept, unexpected);
  next.append(second);
  expect(next.sync()).toBe(2 * kept);
  next.close();
  expect(readFileSync(path, "utf8")).toBe(`${json(first)}\n${json(second)}\n`);
});

test("of a log that has become shorter, or another, the whole lines stay", () => {
  const notes: string[] = [];
  const line = `${json(first)}\n`;
  const kept = 2 * line.length;
  for (const content of [`${line}{"st`, `${line}${json({ ...second, edited: true })}\n${json(third)}\n`]) {
    const path = join(temporaryFolder({ "metrics.jsonl": content }), "metrics.jsonl");
    const log = openEventLog(path, kept, (text) => void notes.push(text));
    log.append(third);
    expect(log.sync()).toBe(kept);
    log.close();
    expect(readFileSync(path, "utf8")).toBe(`${line}${json(third)}\n`);
    expect(notes.pop()).toBe(
      `${path}: has changed since the checkpoint was written: ${line.length} of its ${kept} bytes are lost; the training goes on, its report lacks what they told`,
    );
  }
});

test("a log that is gone begins anew", () => {
  const path = join(temporaryFolder(), "metrics.jsonl");
  const notes: string[] = [];
  openEventLog(path, 22, (text) => void notes.push(text)).close();
  expect([readFileSync(path, "utf8"), notes.length]).toStrictEqual(["", 1]);
});

test("a path that cannot be written", () => {
  const path = join(temporaryFolder(), "none", "metrics.jsonl");
  expect(() => openEventLog(path, 0, unexpected)).toThrow(saying(`cannot write ${path}: its folder does not exist`));
});
