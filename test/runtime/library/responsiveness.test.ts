/** What a model's program feels of it: the event loop, and memory. */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { open, train } from "../../../runtime/index.ts";
import { createTurns } from "../../../runtime/library/create-turns.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";

const mostStallMs = 20;
const rateHz = 48_000;

/**
 * How long this thread has computed, in milliseconds: as Linux counts it, so that what else the machine does is left out;
 * elsewhere the time that has passed.
 */
const computedMs = (): number => {
  if (process.platform !== "linux") return performance.now();
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
  return Number(nanoseconds) / 1e6;
};

/** Watches for the longest time that the event loop has not gone round. */
const watchLoop = () => {
  let [last, longest] = [computedMs(), 0];
  const look = (): void => {
    const now = computedMs();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  onTestFinished(() => clearInterval(timer));
  return {
    /** The longest since the last time. */
    longestMs: (): number => {
      look();
      const found = longest;
      longest = 0;
      return found;
    },
  };
};

const seconds = 10;
const wave = Float32Array.from(
  { length: seconds * rateHz },
  (_, index) => 0.5 * Math.sin(index / 9) * Math.cos(index / 7001),
);

const writeClip = (): string => {
  const rows = Array.from(wave, (value) => Math.round(value * 32_767));
  return join(temporaryFolder({ "clip.wav": wavBytes(rows, { sampleRateHz: rateHz }) }), "clip.wav");
};

/** AST base, with random weights. */
const compileBase = (options = "size: sizes.base384"): string => {
  const spec = `import { singleLabel } from "specgraph";
import { ast, sizes } from "specgraph/ast";
export default ast({ name: "base", ${options}, objective: singleLabel({ classes: ["a", "b"] }) });
`;
  const folder = temporaryFolder({ "spec.ts": spec });
  const out = join(folder, "graph.onnx");
  compile({ spec: join(folder, "spec.ts"), out, input: "waveform" });
  return out;
};

/** All of it is compiled, read twice and computed: seconds on cores of its own. */
const mostMs = 300_000;

test(
  "AST base, which computes for seconds, never holds the event loop for 20 ms, nor do clips that it is given",
  async () => {
    const [graph, path] = [compileBase(), writeClip()];
    // One that has loaded what it needs: modules are read in one go.
    const first = await open(graph, { device: "cpu" });
    await first.classify(path);
    const watch = watchLoop();
    const model = await open(graph, { device: "cpu" });
    const opening = watch.longestMs();
    const began = performance.now();
    const sound = { samples: [wave, wave], sampleRateHz: rateHz };
    const answers = await Promise.all([
      model.classify([path, sound, readFileSync(path), sound]),
      model.classify(sound),
      first.classify(path),
    ]);
    const classifying = watch.longestMs();
    await Promise.all([model.close(), first.close()]);
    const closing = watch.longestMs();
    expect(answers.flat()).toHaveLength(6);
    // Were a single clip computed in this thread, it would be held for longer.
    expect((performance.now() - began) / answers.flat().length).toBeGreaterThan(4 * mostStallMs);
    const stalls = { opening, classifying, closing };
    expect(stalls, JSON.stringify(stalls)).toEqual({
      opening: expect.toSatisfy((ms: number) => ms < mostStallMs),
      classifying: expect.toSatisfy((ms: number) => ms < mostStallMs),
      closing: expect.toSatisfy((ms: number) => ms < mostStallMs),
    });
  },
  mostMs,
);

test("nor does a training", async () => {
  // As wide, but not as deep: of AST base a run takes gigabytes of the disk.
  const [graph, path] = [compileBase("size: { ...sizes.base384, depth: 2 }, frames: 128"), writeClip()];
  const folder = temporaryFolder();
  const clips = ["a", "b"].flatMap((labels) =>
    [1, 2].map((number) => ({ path: join(folder, `${labels}-${number}.wav`), labels })),
  );
  for (const clip of clips) copyFileSync(path, clip.path);
  // A list of this length is looked at, and sent, in pieces.
  const many = [...clips, ...Array.from({ length: 30_000 }, () => ({ path: join(folder, "none.wav"), labels: "a" }))];
  const out = join(folder, "run");
  const watch = watchLoop();
  const stalls: Record<string, number> = {};
  await expect(async () => {
    for await (const event of train(graph, { data: many, device: "cpu" })) expect(event.event).toBe("none");
  }).rejects.toMatchObject({ code: "clips-missing" });
  stalls["listing"] = watch.longestMs();
  for await (const { event } of train(graph, { data: clips, device: "cpu", batch: 1, steps: 2, out })) {
    stalls[event] = Math.max(stalls[event] ?? 0, watch.longestMs());
  }
  expect(Object.keys(stalls)).toEqual(expect.arrayContaining(["listing", "start", "step", "eval", "done"]));
  for (const [event, ms] of Object.entries(stalls)) expect(ms, event).toBeLessThan(mostStallMs);
});

test("memory does not grow with calls, one after another or all at once", async () => {
  const model = await open(writeLinearModel(temporaryFolder()), { device: "cpu" });
  onTestFinished(() => model.close());
  const bytes = readFileSync(writeClip());
  const clip = (index: number) => (index % 2 === 0 ? bytes : { samples: wave, sampleRateHz: rateHz });
  for (let call = 0; call < 100; call++) await model.classify(clip(call));
  const before = process.memoryUsage().rss;
  for (let call = 0; call < 500; call++) await model.classify(clip(call));
  await Promise.all(Array.from({ length: 500 }, (_, call) => model.classify(clip(call))));
  const grown = process.memoryUsage().rss - before;
  // The calls' bytes and samples come to 800 MB.
  expect(grown, `${(grown / 1e6).toFixed(1)} MB`).toBeLessThan(150e6);
});

test("a line has its places taken in order, and no more of them than there are", async () => {
  const turns = createTurns(2);
  const order: number[] = [];
  let [atOnce, most] = [0, 0];
  const visit = async (visitor: number): Promise<void> => {
    const end = await turns.take();
    order.push(visitor);
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise(setImmediate);
    atOnce -= 1;
    end();
  };
  const visitors = Array.from({ length: 20 }, (_, index) => index);
  await Promise.all(visitors.map(visit));
  expect({ order, most }).toStrictEqual({ order: visitors, most: 2 });
});
