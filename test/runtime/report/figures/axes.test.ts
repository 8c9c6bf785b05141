import { expect, test } from "vitest";
import { frequencyAxis, timeAxis } from "../../../../runtime/report/figures/axes.ts";

test.each([
  [0.5, "s", ["0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4", "0.45", "0.5"]],
  [10, "s", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]],
  [120, "min:s", ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30", "1:45", "2:00"]],
  [3600, "min:s", ["0:00", "10:00", "20:00", "30:00", "40:00", "50:00", "60:00"]],
  [7300, "h:min", ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30", "1:45", "2:00"]],
  [30 * 3600, "h:min", ["0:00", "3:00", "6:00", "9:00", "12:00", "15:00", "18:00", "21:00", "24:00", "27:00", "30:00"]],
])("times of %d s", (seconds, unit, labels) => {
  const axis = timeAxis(seconds, 10);
  expect(axis.unit).toBe(unit);
  expect(axis.ticks.map(({ label }) => label)).toStrictEqual(labels);
  expect(axis.ticks.at(-1)?.place).toBeLessThanOrEqual(1);
});

test("frequencies lie where their bins are", () => {
  const ticks = frequencyAxis([400, 600, 900, 1100]);
  expect(ticks.map(({ label }) => label)).toStrictEqual(["500", "1k"]);
  expect(ticks.map(({ place }) => place)).toEqual([expect.closeTo(0.25, 9), expect.closeTo(0.75, 9)]);
});

test("a band within an octave is told by its ends", () => {
  expect(frequencyAxis([10.2, 20, 30.4])).toEqual([
    { place: expect.closeTo(1 / 6, 9) as number, label: "10" },
    { place: expect.closeTo(5 / 6, 9) as number, label: "30" },
  ]);
});
