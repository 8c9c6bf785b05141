import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { describeTensor } from "../../../runtime/report/terminal/describe-tensor.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatFigure,
} from "../../../compiler/artifact/format-number.ts";
import { formatClasses, formatFigures } from "../../../runtime/report/terminal/format-summary.ts";
import { formatTable } from "../../../compiler/artifact/format-table.ts";
import { createProgress } from "../../../runtime/text/create-progress.ts";

test("numbers", () => {
  expect([999, 1500, 86_594_831, 2.5e9].map(formatCount)).toStrictEqual(["999", "1.5 k", "86.6 M", "2.5 G"]);
  expect([12, 1500, 346_499_132].map(formatBytes)).toStrictEqual(["12 bytes", "1.5 kB", "346.5 MB"]);
  expect([0.04, 59.4, 59.96, 1083, 3599.6, 7500].map(formatDuration)).toStrictEqual([
    "0.0 s",
    "59.4 s",
    "1 min 0 s",
    "18 min 3 s",
    "1 h 0 min",
    "2 h 5 min",
  ]);
  expect(formatExact(86_594_831)).toBe("86,594,831");
  expect([0.98765, null].map(formatFigure)).toStrictEqual(["0.9877", "-"]);
});

test("tables", () => {
  const rows = [
    ["class", "clips"],
    ["dog", "7"],
  ];
  expect(formatTable(rows)).toBe("class  clips\ndog        7");
  expect(formatTable(rows, "left")).toBe("class  clips\ndog    7");
});

test("an evaluation lists the classes that have clips", () => {
  const figures = { clips: 2, loss: 0.5, accuracy: 1, mAP: 1, AUC: null, dPrime: null };
  const perClass = [
    { label: "dog", clips: 2, averagePrecision: 1, rocArea: null, dPrime: null },
    { label: "cat", clips: 0, averagePrecision: null, rocArea: null, dPrime: null },
  ];
  expect(`${formatFigures(figures)}\n\n${formatClasses({ perClass })}`).toBe(
    `loss 0.5000  accuracy 1.0000  mAP 1.0000  AUC -  d' -

class  clips      AP  AUC  d'
dog        2  1.0000    -   -`,
  );
});

test("a tensor's mean and deviation", async () => {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 6).buffer);
  const tensor = { name: "w", type: "float32", dims: [2, 2], storage: { kind: "inline", bytes } } as const;
  expect(await describeTensor(tensor)).toStrictEqual({
    name: "w",
    shape: [2, 2],
    dtype: "float32",
    count: 4,
    mean: 3,
    std: Math.sqrt(3.5),
  });
});

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
