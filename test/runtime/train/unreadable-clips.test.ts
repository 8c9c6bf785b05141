import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { prepareNewRun } from "../../../runtime/train/prepare-new-run.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { saying } from "../saying.ts";
import {
  bareClip,
  command,
  enterWorkspace,
  prepared,
  preparing,
  resumeRun,
  startRun,
  trainFor,
  trainOneEpoch,
  values,
} from "./run-workspace.ts";

describe("clips that cannot be read", () => {
  const clip = (label: string, index: number): string => join("clips", label, `${index}.wav`);
  const leftOut = (): unknown =>
    (JSON.parse(readFileSync(join("run", "config.json"), "utf8")) as { readonly leftOut: unknown }).leftOut;

  test("are listed at once, before anything is written", async () => {
    enterWorkspace();
    writeFileSync(clip("low", 1), "");
    rmSync(clip("high", 3));
    mkdirSync(clip("high", 3));
    await expect(startRun()).rejects.toThrow(UserError);
    expect(existsSync("run")).toBe(false);
  });

  test("are left out where that is asked for, and stay so", async () => {
    enterWorkspace();
    writeFileSync(clip("low", 1), "");
    const notes: string[] = [];
    const note = (text: string): void => void notes.push(text);
    const { options } = await prepared(
      prepareNewRun("graph.onnx", values, { ...preparing, note, skipBad: true, out: "run", command }),
    );
    const reason = `${clip("low", 1)}: the file is empty`;
    expect(notes).toStrictEqual([`1 of 10 clips cannot be read:\n  ${reason}\nit is left out`]);
    expect(options.clips.length + options.evaluationClips.length).toBe(9);
    expect(leftOut()).toStrictEqual([{ clip: join("..", clip("low", 1)), reason }]);
    writeFileSync(clip("low", 1), wavBytes([1, 0, 0, 0]));
    for (const gone of [[], ["clips.jsonl"]]) {
      for (const name of gone) rmSync(join("run", name));
      const resumed = (await resumeRun()).options;
      expect([...resumed.clips, ...resumed.evaluationClips].map(({ name }) => name)).not.toContain(clip("low", 1));
    }
  });

  test("that a table lists and that are not there are left out as others", async () => {
    enterWorkspace();
    const rows = ["low", "high"].flatMap((label) => [0, 1, 2, 3].map((index) => `${clip(label, index)},${label}`));
    writeFileSync("list.csv", `path,label\n${rows.join("\n")}\n`);
    rmSync(clip("high", 2));
    const data = "list.csv";
    await expect(startRun({ data })).rejects.toThrow(
      saying(/: there is no file .*; 1 of 8 clips is missing; --skip-bad leaves it out$/),
    );
    const run = { ...preparing, skipBad: true, out: "run", command };
    const { options } = await prepared(prepareNewRun("graph.onnx", { ...values, data }, run));
    expect(options.clips.length + options.evaluationClips.length).toBe(7);
    expect(leftOut()).toMatchObject([{ reason: expect.stringMatching(/2\.wav: there is no such file$/) as string }]);
  });

  test("since the run began: it goes on when they are restored, or without them", async () => {
    enterWorkspace();
    const started = (await startRun()).options;
    await trainOneEpoch(started);
    const trained = started.clips.filter(({ name }) => name.includes("low"));
    const [first = "", second = ""] = trained.map(({ name }) => name);
    const [evaluated = ""] = started.evaluationClips.map(({ name }) => name);
    const [own, ownEvaluated, other] = [readFileSync(first), readFileSync(evaluated), wavBytes([0, 1, 0, 0])];
    rmSync(evaluated);
    writeFileSync(first, other);
    await expect(resumeRun()).rejects.toThrow(
      saying(
        `2 of 10 clips cannot be read:
  ${evaluated}: there is no such file
  ${first}: its content has changed since the run began
restore them, or go on without them: --skip-bad`,
      ),
    );
    writeFileSync(evaluated, ownEvaluated);
    writeFileSync(first, own);
    expect((await resumeRun()).options.evaluationClips.map(bareClip)).toStrictEqual(
      started.evaluationClips.map(bareClip),
    );

    rmSync(evaluated);
    writeFileSync(first, other);
    const { options } = await resumeRun({}, undefined, true);
    expect(options.evaluationClips.map(({ name }) => name)).not.toContain(evaluated);
    // Another of its class is trained on in its place, so that the run has the same steps.
    const names = options.clips.map(({ name }) => name);
    expect(names).not.toContain(first);
    expect(names.filter((name) => name === second)).toHaveLength(2);
    expect(names).toHaveLength(8);
    await trainFor(options);
    expect(readFileSync(join("run", "metrics.jsonl"), "utf8").match(/"event":"step"/g)).toHaveLength(9);
    expect(leftOut()).toHaveLength(2);
    expect((await resumeRun()).options.clips.map(({ name }) => name)).toStrictEqual(names);
  });

  test("while the run is at work: they are recorded", async () => {
    enterWorkspace();
    const run = { ...preparing, skipBad: true, out: "run", command };
    const { options } = await prepared(prepareNewRun("graph.onnx", values, run));
    const [first] = options.clips;
    if (first) await options.leaveOut?.(first, "it is damaged");
    expect(leftOut()).toStrictEqual([{ clip: join("..", first?.name ?? ""), reason: "it is damaged" }]);
    expect((await resumeRun()).options.clips).not.toContainEqual(first);
  });
});
