import { spawn } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { exitCodes } from "../../../runtime/commands/command.ts";
import { evalCommand } from "../../../runtime/commands/eval-command.ts";
import { sweepCommand } from "../../../runtime/commands/sweep-command.ts";
import type { SweepResult } from "../../../runtime/sweep/summarize-sweep.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";
import { saying } from "../saying.ts";

const specgraph = fileURLToPath(new URL("../../../dist/runtime/specgraph.js", import.meta.url));
const tinyModel = fileURLToPath(new URL("../../compiler/tiny-model.ts", import.meta.url));

const spec = (
  over: string,
  seeds = "{ seeds: 2 }",
): string => `import { adam, type Model, singleLabel, variants } from "specgraph";
import { tiny } from "./tiny-model.ts";

const own = (changes: Partial<Omit<Model, "kind">>): Model =>
  tiny({
    objective: singleLabel({ classes: ["low", "high"] }),
    training: { optimizer: adam({ learningRate: 1e-3 }), batch: 4, epochs: 2 },
    ...changes,
  });
export default variants(own, ${over}, ${seeds});
`;

/** What differs is how the mel features are scaled, and what the labels are smoothed by. */
const twoVariants = `[
  { name: "sharp" },
  { name: "smooth", objective: singleLabel({ classes: ["low", "high"], labelSmoothing: 0.1 }) },
]`;

/** A quarter of a second of a tone, of its own pitch, with something of its own in it. */
const tone = (cycles: number, own: number): Buffer =>
  wavBytes(
    Array.from({ length: 4000 }, (_, index) =>
      Math.round(12_000 * Math.sin((2 * Math.PI * cycles * index) / 4000) + ((index * (own + 7)) % 1000)),
    ),
  );

/** A spec and clips, also with folds, in the folder that is current until the test ends. */
const enterWorkspace = (text = spec(twoVariants)): string => {
  const clips = [0, 1, 2, 3, 4, 5].flatMap((index) => [
    { label: "low", file: `low-${index}.wav`, fold: 1 + (index % 2), sound: tone(60, index) },
    { label: "high", file: `high-${index}.wav`, fold: 1 + (index % 2), sound: tone(900, index) },
  ]);
  const folder = temporaryFolder({
    ...Object.fromEntries(clips.map(({ label, file, sound }) => [`clips/${label}/${file}`, sound])),
    ...Object.fromEntries(clips.map(({ file, sound }) => [`esc/audio/${file}`, sound])),
    "esc/esc.csv": `filename,fold,target,category\n${clips
      .map(({ label, file, fold }) => `${file},${fold},${label === "low" ? 0 : 1},${label}`)
      .join("\n")}\n`,
    "spec.ts": text,
  });
  cpSync(tinyModel, join(folder, "tiny-model.ts"));
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  return folder;
};

const run = async (args: string, signal = new AbortController().signal) => {
  const { texts, notes, events, output } = recordOutput();
  const code = await sweepCommand.run(["spec.ts", ...args.split(" "), "--device", "cpu"], output, signal);
  return { code, texts, notes, events };
};

const readResults = (folder: string): SweepResult =>
  JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as SweepResult;

/** Without the times, which differ. */
const outcome = (folder: string): string =>
  JSON.stringify(readResults(folder), (name, value: unknown) => (name === "seconds" ? null : value), 1);

const namesOf = ({ variants }: SweepResult): readonly string[] => variants.map(({ variant }) => variant);

test("each variant with each seed is a run of its own, all are one table, and an ensemble is that of eval", async () => {
  enterWorkspace();
  const { code, texts, events } = await run("--data clips --out out");
  expect(code).toBe(exitCodes.done);
  const result = readResults("out");
  expect(namesOf(result)).toStrictEqual(["sharp", "smooth"]);
  expect(result.variants.map(({ runs }) => runs.map(({ seed }) => seed))).toStrictEqual([
    [0, 1],
    [0, 1],
  ]);
  expect(result.variants[0]).toMatchObject({ patches: 6, tokens: 7, parameters: 1818 });
  expect(result.ensemble?.runs).toBe(4);
  const table = texts.at(-1)?.split("\n") ?? [];
  expect(table[1]).toMatch(/^variant +patches +tokens +parameters +FLOPs +memory +time +accuracy +\+- +ensemble$/);
  expect(table[2]).toMatch(/^sharp +6 +7 +1\.8 k +[\d.]+ [kM] +[\d.]+ MB +[\d.]+ s +\d\.\d{4} +\d\.\d{4} +\d\.\d{4}$/);
  expect(table.slice(-3)).toStrictEqual([
    expect.stringMatching(/^ensemble of all 4: accuracy \d\.\d{4}$/),
    "",
    "report: out/report.html",
  ]);
  expect(events.find(({ event }) => event === "eval")).toMatchObject({ variant: "sharp", seed: 0, epoch: 1 });
  expect(events.filter(({ event }) => event === "variant")).toMatchObject(result.variants);
  expect(events.at(-1)).toMatchObject({ event: "sweep", figure: "accuracy", ensemble: result.ensemble });
  for (const name of ["sharp/seed-0/graph.onnx", "smooth/seed-1/graph.onnx", "smooth/seed-1.onnx"])
    expect(existsSync(join("out", name))).toBe(true);

  // All have heard the same clips, whatever their seeds.
  const held = (name: string) =>
    readFileSync(join("out", name, "clips.jsonl"), "utf8")
      .split("\n")
      .filter((line) => !line.includes('"train"'));
  expect(held("smooth/seed-1")).toStrictEqual(held("sharp/seed-0"));

  const { variants, ensemble } = result;
  const measure = async (...graphs: readonly string[]): Promise<unknown> => {
    const { events: measured, output } = recordOutput();
    const args = [...graphs.map((name) => join("out", name, "graph.onnx")), "--data", "out/clips/clips.csv"];
    await evalCommand.run([...args, "--device", "cpu"], output, new AbortController().signal);
    return measured.find(({ event }) => event === "ensemble")?.["accuracy"];
  };
  expect(variants[1]?.ensemble).toBe(await measure("smooth/seed-0", "smooth/seed-1"));
  expect(ensemble?.value).toBe(await measure("sharp/seed-0", "sharp/seed-1", "smooth/seed-0", "smooth/seed-1"));

  const before = outcome("out");
  const again = await run("--data clips --out out");
  expect(again.events.filter(({ event }) => event === "step")).toStrictEqual([]);
  expect(again.texts.at(-1)).toBe(texts.at(-1));
  expect(outcome("out")).toBe(before);
});

test("folds: the data's own, or drawn; the figure is over all of them", async () => {
  enterWorkspace(spec(twoVariants, "{}"));
  await run("--data esc/esc.csv --folds 2 --epochs 1 --out own");
  expect(readResults("own").variants.map(({ runs }) => runs.map(({ fold }) => fold))).toStrictEqual([
    [1, 2],
    [1, 2],
  ]);
  expect(existsSync("own/sharp/seed-0/fold-2/graph.onnx")).toBe(true);
  await run("--data clips --folds 3 --epochs 1 --out drawn");
  expect(readResults("drawn").variants[1]?.runs.map(({ fold }) => fold)).toStrictEqual([1, 2, 3]);
  await run("--data esc/esc.csv --fold 2 --epochs 1 --out one");
  expect(readFileSync("one/sharp/seed-0/config.json", "utf8")).toContain('"fold": 2');
});

describe("interrupted", () => {
  test("the same command goes on, to the same bytes", async () => {
    const folder = enterWorkspace();
    await run("--data clips --out whole");
    const controller = new AbortController();
    const { output } = recordOutput();
    let epochs = 0;
    const json = (event: object): void => {
      if ("event" in event && event.event === "eval") epochs += 1;
      if (epochs === 3) controller.abort();
    };
    const args = ["spec.ts", "--data", "clips", "--out", "out", "--device", "cpu"];
    expect(await sweepCommand.run(args, { ...output, json }, controller.signal)).toBe(exitCodes.interrupted);
    expect(existsSync("out/results.json")).toBe(false);
    expect(existsSync("out/sweep.lock")).toBe(false);
    const { events } = await run("--data clips --out out");
    expect(
      events.filter(({ event }) => event === "eval").map(({ variant, seed, epoch }) => [variant, seed, epoch])[0],
    ).toStrictEqual(["sharp", 1, 2]);
    expect(outcome("out")).toBe(outcome("whole"));

    // Also where it is killed.
    rmSync("out", { recursive: true });
    const command = ["sweep", ...args, "--json"];
    const child = spawn(process.execPath, [specgraph, ...command], {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    child.stdout.on("data", (text: Buffer) => {
      if (text.includes('"variant":"smooth","seed":0,"event":"step"')) child.kill("SIGKILL");
    });
    await ended;
    expect(existsSync("out/sweep.lock")).toBe(true);
    expect(existsSync("out/results.json")).toBe(false);
    const after = await run("--data clips --out out");
    expect(after.code).toBe(exitCodes.done);
    expect(after.events.some(({ event, variant }) => event === "step" && variant === "sharp")).toBe(false);
    expect(outcome("out")).toBe(outcome("whole"));
  });
});

describe("refused, before anything is trained", () => {
  const refused = async (text: string, args: string): Promise<unknown> => {
    enterWorkspace(text);
    return run(args).catch((error: unknown) => error);
  };

  test.each([
    [
      "an option that there is not",
      spec(`{ sed: [0, 1] }`),
      "spec.ts:10:32 error: variants' over takes no sed; it takes features, name, input, network, objective, training, pretrained and seed (unknown-option)",
    ],
    [
      "a value that does not fit, of the last variant",
      spec(`{ seed: [0, 1, 0.5] }`),
      `tiny-model.ts:39:3 error: seed=0.5: seed must be a whole number, not 0.5 (number-out-of-range)`,
    ],
    [
      "variants that are the same",
      spec(`[{ name: "a" }, { name: "b" }]`),
      `error: spec.ts: variants a and b are the same model (variants-same)`,
    ],
    [
      "no values",
      spec(`{ seed: [] }`),
      `spec.ts:10:38 error: seed has no values to choose from (variants-none)
  10 | export default variants(own, { seed: [] }, { seeds: 2 });
     |                                      ^^`,
    ],
    [
      "one model",
      `import { tiny } from "./tiny-model.ts";\nexport default tiny();\n`,
      "error: spec.ts exports one model, and no variants (spec-without-variants)",
    ],
  ])("%s", async (_, text, message) => {
    const error = await refused(text, "--data clips --out out");
    expect(error).toMatchObject({ code: "spec-refused" });
    expect((error as Error).message.slice(0, message.length)).toBe(message);
    expect(existsSync("out")).toBe(false);
  });

  test("data of other classes, or without some of them", async () => {
    enterWorkspace(
      spec(
        `{ objective: [singleLabel({ classes: ["low", "high", "middle"] }), singleLabel({ classes: ["low", "high", "middle"], labelSmoothing: 0.1 })] }`,
      ),
    );
    await expect(run("--data clips --out out")).rejects.toThrow(
      saying('clips: no clip to train on for 1 of 3 classes: "middle"'),
    );
    await expect(run("--data nowhere --out out")).rejects.toThrow(saying("nowhere: there is no such file"));
    await expect(run("--data esc/audio --out out")).rejects.toThrow(/^esc\/audio: there are no sub-folders; /);
    // Nothing was trained, so that the folder is still free for the right data.
    writeFileSync("spec.ts", spec(twoVariants, "{}"));
    expect((await run("--data clips --steps 1 --out out")).code).toBe(exitCodes.done);
  });

  test("a folder that belongs to another sweep", async () => {
    enterWorkspace(spec(twoVariants, "{}"));
    await run("--data clips --steps 1 --out out");
    await expect(run("--data clips --steps 3 --out out")).rejects.toThrow(
      saying("out: belongs to another sweep: steps is 1 there, and 3 here; name another folder with --out"),
    );
  });

  test("options that contradict each other", async () => {
    enterWorkspace();
    await expect(run("--data esc/esc.csv --fold 1 --folds 2")).rejects.toThrow(
      saying("--fold is about one part, and --folds about all of them; leave one of them out"),
    );
    await expect(run("--data esc/esc.csv --folds 3 --out out")).rejects.toThrow(
      saying("--folds 3: esc/esc.csv has 2 folds of its own, 1, 2; leave --folds out"),
    );
  });
});
