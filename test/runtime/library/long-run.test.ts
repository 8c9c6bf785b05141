/** What is left after many calls, and held by long ones: memory, threads, open files. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { evaluate, open, train } from "../../../runtime/index.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";

const onLinux = process.platform === "linux";

/** What this process holds; elsewhere than on Linux, of its memory alone. */
const holdings = () => ({
  threads: onLinux ? readdirSync("/proc/self/task").length : 0,
  files: onLinux ? readdirSync("/proc/self/fd").length : 0,
  megabytes: process.memoryUsage().rss / 1e6,
});

/**
 * Calls `act` a few times, and then more often.
 * @returns what is held more after that than before it
 */
const growthOver = async (times: number, act: () => Promise<void>) => {
  for (let time = 0; time < 3; time++) await act();
  const before = holdings();
  for (let time = 0; time < times; time++) await act();
  const after = holdings();
  return {
    threads: after.threads - before.threads,
    files: after.files - before.files,
    megabytes: after.megabytes - before.megabytes,
  };
};

/** A second more or less may be on its way out, or in. */
const nothing = {
  threads: expect.toSatisfy((count: number) => count < 2),
  files: expect.toSatisfy((count: number) => count < 2),
  megabytes: expect.toSatisfy((count: number) => count < 100),
};

const labels = ["low", "high"];
const workspace = () => {
  const names = labels.flatMap((label) =>
    [0, 1, 2].map((index) => ({ path: `${label}-${index}.wav`, labels: label, index })),
  );
  const folder = temporaryFolder(
    Object.fromEntries(names.map(({ path, index }) => [path, wavBytes([1, index, 0, 9])])),
  );
  const data = names.map(({ path, labels }) => ({ path: join(folder, path), labels }));
  return { folder, data, graph: writeLinearModel(folder) };
};

test("models that are opened and closed leave nothing behind", async () => {
  const { graph, data } = workspace();
  const growth = await growthOver(15, async () => {
    const model = await open(graph, { device: "cpu" });
    await model.classify(data.map(({ path }) => path));
    await model.close();
  });
  expect(growth, JSON.stringify(growth)).toEqual(nothing);
});

test("nor do trainings and evaluations, those that are left early included", async () => {
  const { folder, graph, data } = workspace();
  let runs = 0;
  const growth = await growthOver(6, async () => {
    runs += 1;
    const out = join(folder, `run-${runs}`);
    for await (const event of train(graph, { data, epochs: 2, out, device: "cpu" })) {
      if (event.event === "eval" && runs % 2 === 0) break;
    }
    for await (const event of evaluate(graph, { data, device: "cpu" })) if (event.event === "eval") break;
  });
  expect(growth, JSON.stringify(growth)).toEqual(nothing);
});

test("ten thousand clips that wait are not held decoded", async () => {
  const seconds = 10;
  const rows = Array.from({ length: seconds * 16_000 }, (_, index) => Math.round(9000 * Math.sin(index / 9)));
  const folder = temporaryFolder({
    "clip.wav": wavBytes(rows),
    "spec.ts": `import { singleLabel } from "specgraph";
import { ast } from "specgraph/ast";
const objective = singleLabel({ classes: ["a", "b"] });
export default ast({ name: "narrow", size: { width: 8, depth: 1, heads: 1 }, stride: { bins: 16, frames: 16 }, objective });
`,
  });
  const graph = join(folder, "graph.onnx");
  compile({ spec: join(folder, "spec.ts"), out: graph, input: "waveform" });
  const model = await open(graph, { device: "cpu" });
  const clip = join(folder, "clip.wav");
  await model.classify(Array.from({ length: 100 }, () => clip));
  const controller = new AbortController();
  const before = process.memoryUsage().rss;
  const waiting = model.classify(
    Array.from({ length: 10_000 }, () => clip),
    { signal: controller.signal },
  );
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before);
  }, 50);
  // In that time hundreds are decoded, of 640 kB each.
  setTimeout(() => controller.abort(), 5000);
  await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  clearInterval(timer);
  await model.close();
  expect(most / 1e6, "MB").toBeLessThan(150);
});
