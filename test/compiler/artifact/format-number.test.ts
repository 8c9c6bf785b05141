import { expect, test } from "vitest";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatFigure,
} from "../../../compiler/artifact/format-number.ts";

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
