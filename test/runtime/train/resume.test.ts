import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { randomOf } from "../../../runtime/data/random.ts";
import { readProgress } from "../../../runtime/runs/checkpoint.ts";
import { runFolder } from "../../../runtime/runs/run-folder.ts";
import { readUsage } from "../../../runtime/runs/run-usage.ts";
import { train, type TrainOptions } from "../../../runtime/train/train.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { accumulatingModel } from "../artifact/accumulating-artifact.ts";
import { metadata } from "../artifact/linear-artifact.ts";
import { collect, optionsIn, outline, resumed } from "./linear-training.ts";
import { encodeOnnx } from "../../../compiler/artifact/onnx.ts";

/** A run's files that must not depend on interruptions; the others tell when and where it ran and was saved. */
const outcome = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter(
        (name) =>
          !/^((config|usage)\.json|report\.html|checkpoint\.previous\.safetensors|run\.lock|events\.out\.tfevents\..*)$/.test(
            name,
          ),
      )
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), name === "metrics.jsonl" ? "utf8" : "hex")]),
  );

describe("in memory", () => {
  const recipe = {
    epochs: 3,
    batch: 3,
    accumulate: 2,
    sampling: "balanced",
    averaging: { from: 2, to: 3 },
    earlyStopping: { figure: "loss", patience: 10 },
  } as const;
  const model = accumulatingModel(2);

  /** Interrupts training after so many events. @returns what was told */
  const trainUntil = async (options: TrainOptions, events: number): Promise<string[]> => {
    const interruption = new AbortController();
    const told = [];
    for await (const event of train({ ...options, signal: interruption.signal })) {
      if (event.event !== "pace") told.push(event);
      if (told.length === events) interruption.abort();
    }
    return outline(told);
  };
  test("a run that is interrupted after any event comes to the same", async () => {
    const whole = optionsIn(temporaryFolder(), { model, recipe });
    const events = outline(await collect(whole));
    const expected = outcome(whole.folder.path);
    expect(events.join(", ")).toBe(
      "step 1.1, step 1.2, eval 1.2, step 2.3, step 2.4, eval 2.4, step 3.5, step 3.6, eval 3.6, averaged 2.6, done 6",
    );
    for (let interruptedAfter = 1; interruptedAfter < events.length - 2; interruptedAfter++) {
      const options = optionsIn(temporaryFolder(), { model, recipe });
      const before = await trainUntil(options, interruptedAfter);
      expect(before.slice(0, -1)).toStrictEqual(events.slice(0, interruptedAfter));
      const after = outline(await collect(await resumed(options)));
      expect([...before.slice(0, -1), ...after]).toStrictEqual(events);
      expect(outcome(options.folder.path)).toStrictEqual(expected);
    }
  });

  test("a run that is interrupted in an evaluation evaluates again", async () => {
    const whole = optionsIn(temporaryFolder(), { model, recipe });
    await collect(whole);
    const interruption = new AbortController();
    const options = optionsIn(temporaryFolder(), { model, recipe });
    const onEvaluation = () => interruption.abort();
    const before = await collect({ ...options, signal: interruption.signal, onEvaluation });
    expect(outline(before)).toStrictEqual(["step 1.1", "step 1.2", "done 2"]);
    expect(outline(await collect(await resumed(options))).slice(0, 2)).toStrictEqual(["eval 1.2", "step 2.3"]);
    expect(outcome(options.folder.path)).toStrictEqual(outcome(whole.folder.path));
  });

  test("a finished run that goes on tells its average again, and changes nothing", async () => {
    const options = optionsIn(temporaryFolder(), { model, recipe });
    await collect(options);
    const before = outcome(options.folder.path);
    expect(outline(await collect(await resumed(options)))).toStrictEqual(["averaged 2.6", "done 6"]);
    expect(outcome(options.folder.path)).toStrictEqual(before);
  });
});

describe("processes that are killed", () => {
  const cli = fileURLToPath(new URL("../../../dist/runtime/cli.js", import.meta.url));
  const kills = 20;

  /** A graph that accumulates and averages, and 40 clips of four samples. */
  const workspace = (): string => {
    const clip = (isHigh: boolean, level: number) => wavBytes(isHigh ? [0, 0, 0, level] : [level, 0, 0, 0]);
    const clips = Array.from({ length: 40 }, (_, index) => [
      `clips/${index % 4 === 0 ? "high" : "low"}/${index}.wav`,
      clip(index % 4 === 0, 30_000 - 500 * index),
    ]);
    const folder = temporaryFolder(Object.fromEntries(clips) as Record<string, Buffer>);
    const recipe = {
      ...metadata.recipe,
      learningRate: 0.01,
      schedule: { kind: "cosine", to: 0.1, warmup: { kind: "linear", steps: 50 } },
      batch: 4,
      sampling: "balanced",
      averaging: { from: 20, to: 60 },
    } as const;
    writeFileSync(join(folder, "graph.onnx"), encodeOnnx(accumulatingModel(2, { recipe })));
    return folder;
  };
  const start = ["train", "graph.onnx", "--data", "clips", "--epochs", "60", "--out", "run", "--device", "cpu"];
  const goOn = ["train", "--resume", "--out", "run"];
  const saveOften = ["--checkpoint-minutes", "0.0005", "--json"];

  const runtime = (args: readonly string[], cwd: string): ChildProcess =>
    spawn(process.execPath, [cli, ...args, ...saveOften], { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const firstStep = (child: ChildProcess): Promise<void> =>
    new Promise((resolve) => {
      child.stdout?.on("data", (text: Buffer) => {
        if (text.includes('"step"')) resolve();
      });
      child.once("close", () => resolve());
    });
  /** @returns its exit code, or the signal that ended it */
  const end = (child: ChildProcess): Promise<number | NodeJS.Signals | null> =>
    new Promise((resolve) => {
      child.stdout?.resume();
      child.once("close", (code, signal) => resolve(signal ?? code));
    });
  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });

  test(`${kills} times at random moments: the same losses and graphs, bit for bit`, async () => {
    const whole = workspace();
    const child = runtime(start, whole);
    const begun = performance.now();
    await firstStep(child);
    const [startMs, trainStart] = [performance.now() - begun, performance.now()];
    expect(await end(child)).toBe(0);
    const trainMs = performance.now() - trainStart;

    const folder = workspace();
    const random = randomOf(1);
    const savedSteps: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const victim = runtime(kill === 0 ? start : goOn, folder);
      const ended = end(victim);
      // Now and then before training begins; else within it, early enough that all the kills together do not reach its end.
      const isEarly = kill % 5 === 4;
      if (!isEarly) await firstStep(victim);
      await sleep(random.uniform(0, isEarly ? startMs : (1.5 * trainMs) / kills));
      victim.kill("SIGKILL");
      const how = await ended;
      // On a machine that has less to do by now, it comes to its end before its time.
      if (how === 0) break;
      expect(how).toBe("SIGKILL");
      savedSteps.push(readProgress(runFolder(join(folder, "run")))?.steps ?? 0);
    }
    expect(savedSteps).toStrictEqual([...savedSteps].sort((a, b) => a - b));
    expect(savedSteps.length).toBeGreaterThan(kills / 2);
    expect(new Set(savedSteps).size).toBeGreaterThan(kills / 4);
    expect(await end(runtime(goOn, folder))).toBe(0);
    expect(outcome(join(folder, "run"))).toStrictEqual(outcome(join(whole, "run")));
  });

  test("a signal ends a run with 130 after it has saved, and the run goes on", async () => {
    const whole = workspace();
    expect(await end(runtime(start, whole))).toBe(0);
    const folder = workspace();
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const child = runtime(signal === "SIGINT" ? start : goOn, folder);
      await firstStep(child);
      child.kill(signal);
      expect(await end(child)).toBe(130);
    }
    expect(await end(runtime(goOn, folder))).toBe(0);
    expect(readUsage(join(folder, "run", "usage.json"))).toMatchObject({ sessions: 3 });
    expect(outcome(join(folder, "run"))).toStrictEqual(outcome(join(whole, "run")));
  });
});
