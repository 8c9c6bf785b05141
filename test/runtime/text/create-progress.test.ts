import { expect, test } from "vitest";
import { PassThrough } from "node:stream";
import { createProgress } from "../../../runtime/text/create-progress.ts";

test("a progress bar shows status, rate and what is left, and goes away", () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 200 });
  const progress = createProgress(
    10,
    4,
    Object.assign(terminal, { cursorTo: () => true }) as unknown as NodeJS.WriteStream,
  );
  progress.update(1, "epoch 1  loss 0.5000");
  progress.clear();
  expect(String(terminal.read())).toMatch(/epoch 1 {2}loss 0\.5000 \[=+-+\] 1\/10 {2}[\d.]+ clips\/s {2}ETA/);
});

test("without a terminal, nothing is drawn", () => {
  const progress = createProgress(10, 4, undefined);
  expect(() => {
    progress.update(1, "epoch 1");
    progress.clear();
  }).not.toThrow();
});
