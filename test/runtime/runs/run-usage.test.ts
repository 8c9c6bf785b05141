import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openUsageMeter, readUsage } from "../../../runtime/runs/run-usage.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { collect, optionsIn, resumed } from "../train/linear-training.ts";

const usageFile = (): string => join(temporaryFolder(), "usage.json");

test("a run's processes add up", async () => {
  const path = usageFile();
  const save = openUsageMeter(path, false);
  await save();
  const first = readUsage(path);
  await save();
  const second = readUsage(path);
  expect([first?.sessions, second?.sessions]).toStrictEqual([1, 1]);
  expect(second?.seconds).toBeGreaterThanOrEqual(first?.seconds ?? Infinity);
  // Node itself takes some tens of megabytes.
  expect(first?.peakMemoryBytes).toBeGreaterThan(2e7);
  expect(first?.peakMemoryBytes).toBeLessThan(1e12);

  writeFileSync(path, JSON.stringify({ seconds: 1000, peakMemoryBytes: 1e15, sessions: 2 }));
  await openUsageMeter(path, true)();
  expect(readUsage(path)).toStrictEqual({
    seconds: expect.closeTo(1000, 0),
    peakMemoryBytes: 1e15,
    sessions: 3,
  });
});

test("a run is counted from its checkpoints to its end", async () => {
  const options = optionsIn(temporaryFolder());
  await collect(options);
  expect(readUsage(options.folder.usage)).toMatchObject({ sessions: 1 });
  await collect(await resumed(options));
  expect(readUsage(options.folder.usage)).toMatchObject({ sessions: 2 });
});

test("a file that is missing or damaged", async () => {
  const path = usageFile();
  expect(readUsage(path)).toBeUndefined();
  for (const content of ["", "{", "{}", `{"seconds":-1,"peakMemoryBytes":1,"sessions":1}`]) {
    writeFileSync(path, content);
    expect(readUsage(path)).toBeUndefined();
  }
  await openUsageMeter(path, true)();
  expect(readUsage(path)).toBeUndefined();
  await openUsageMeter(path, false)();
  expect(readUsage(path)).toMatchObject({ sessions: 1 });
});

test("a file that cannot be written does not end the run", async () => {
  const path = usageFile();
  mkdirSync(path);
  await openUsageMeter(path, false)();
  expect(readUsage(path)).toBeUndefined();
});
