/** `eval --calibrate`, and what answers by what it has found: `infer`, the library, `eval`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { fingerprintClip } from "../../../runtime/audio/fingerprint-clip.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { withTrainedClips } from "../../../runtime/artifact/trained-clips.ts";
import { writeArtifact } from "../../../runtime/artifact/write-artifact.ts";
import type { Command } from "../../../runtime/commands/command.ts";
import { evalCommand } from "../../../runtime/commands/eval-command.ts";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import { open } from "../../../runtime/index.ts";
import { writeExternalModel, writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { hostTensor } from "../engine/host-tensor.ts";
import { saying } from "../saying.ts";
import { recordOutput } from "../record-output.ts";

const numbers = Array.from({ length: 12 }, (_, index) => index);

/** A class has its own sample high, but for one clip in six of the other's kind; background is quiet. */
const files = Object.fromEntries([
  ...["low", "high"].flatMap((label) =>
    numbers.map((index) => {
      const isOwn = index % 6 !== 5;
      const level = 20_000 + 500 * index;
      return [
        `clips/${label}/${index}.wav`,
        wavBytes((label === "low") === isOwn ? [level, 0, 0, 0] : [0, level, 0, 0]),
      ];
    }),
  ),
  ...numbers.map((index) => [`clips/_background/${index}.wav`, wavBytes([100 * index, 0, 0, 0])]),
] as [string, Uint8Array][]);

const weight = Float32Array.of(8, 0, 0, 8, 0, 0, 0, 0);

const enterWorkspace = async (
  write: (folder: string) => unknown = writeLinearModel,
  target = "graph.onnx",
): Promise<void> => {
  const folder = temporaryFolder(files);
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  write(".");
  await writeArtifact(readArtifact("graph.onnx"), target, () => Promise.resolve(hostTensor("float32", weight, [4, 2])));
};

const run = async (command: Command, ...lines: readonly string[]) => {
  const { texts, notes, events, output } = recordOutput();
  const args = lines.flatMap((line) => line.split(" "));
  const code = await command.run([...args, "--device", "cpu"], output, new AbortController().signal);
  return { code, texts, notes, events };
};

const calibrated = () => run(evalCommand, "graph.onnx", "--data", "clips", "--calibrate", "--out", "calibrated.onnx");

describe("eval --calibrate", () => {
  test("writes what it finds into another graph, and a page", async () => {
    await enterWorkspace();
    const given = readFileSync("graph.onnx");
    const { code, texts, events } = await run(
      evalCommand,
      "graph.onnx --data clips --calibrate --out calibrated.onnx --report calibration.html",
    );
    expect(code).toBe(0);
    expect(readFileSync("graph.onnx")).toStrictEqual(given);
    const { decisions } = readArtifact("calibrated.onnx").metadata;
    expect(events.at(-1)).toMatchObject({ event: "calibrate", graph: "graph.onnx", out: "calibrated.onnx", decisions });
    expect(decisions).toMatchObject({
      calibration: { kind: "temperature", measuredOn: { data: "clips", clips: 24, background: 12 } },
      rejection: { rateOf: "background", points: [{ rate: 0.01 }, { rate: 0.05 }, { rate: 0.1 }] },
    });
    expect(decisions?.calibration?.after.ece).toBeLessThan(decisions?.calibration?.before.ece ?? 0);
    expect(texts.at(-2)).toBe("graph.onnx -> calibrated.onnx");
    expect(texts.at(-1)).toBe("report: calibration.html");
    expect(readFileSync("calibration.html", "utf8")).toContain('<svg role="img" aria-label="Reliability">');
  });

  test("in place, with the parameters as they were, those in a data file, too", async () => {
    await enterWorkspace(writeExternalModel);
    const before = readArtifact("graph.onnx");
    const { texts } = await run(evalCommand, "graph.onnx", "--data", "clips", "--calibrate");
    expect(texts.at(-1)).toBe("written into graph.onnx");
    const after = readArtifact("graph.onnx");
    expect(after.metadata.decisions?.calibration?.kind).toBe("temperature");
    expect(after.parameters.map(({ name, dims }) => [name, dims])).toStrictEqual(
      before.parameters.map(({ name, dims }) => [name, dims]),
    );
    expect(after.dataFiles.map(({ location }) => location)).toStrictEqual(
      before.dataFiles.map(({ location }) => location),
    );
    // Anew, of the graph's own scores: the same.
    const { decisions } = after.metadata;
    await run(evalCommand, "graph.onnx", "--data", "clips", "--calibrate");
    expect(readArtifact("graph.onnx").metadata.decisions).toStrictEqual(decisions);
  });

  test("is refused", async () => {
    await enterWorkspace();
    const refused = async (message: string, ...args: readonly string[]): Promise<void> => {
      await expect(run(evalCommand, ...args)).rejects.toThrow(saying(message));
      expect(existsSync("calibrated.onnx")).toBe(false);
    };
    const fingerprint = await fingerprintClip("clips/low/0.wav");
    await writeArtifact(withTrainedClips(readArtifact("graph.onnx"), [fingerprint]), "trained.onnx", () =>
      Promise.resolve(hostTensor("float32", weight, [4, 2])),
    );
    const rows = Object.keys(files).map((name) => `${name},${name.split("/")[1]},test`);
    writeFileSync("clips.csv", `path,label,split\n${rows.join("\n")}\n`);
    await refused(
      "1 of 36 clips was trained on, and tells nothing of how sure the graph may be of others; expected clips that were held out: --data PATH",
      "trained.onnx --data clips.csv --calibrate --out calibrated.onnx",
    );
    await refused(
      "graph.onnx exists, and nothing is overwritten; name another place",
      "graph.onnx --data clips --calibrate --out graph.onnx",
    );
    await refused(
      "clips.csv exists, and nothing is overwritten; name another place",
      "graph.onnx --data clips --calibrate --out calibrated.onnx --report clips.csv",
    );
    await refused(
      "--calibrate is about one graph, and 2 are given",
      "graph.onnx trained.onnx --data clips --calibrate",
    );
    await refused("--out needs --calibrate: nothing else is written", "graph.onnx", "--out", "calibrated.onnx");
    await refused("--score needs --calibrate: it is what to reject by", "graph.onnx", "--score", "energy");
    await refused("--report needs --calibrate: it shows what that found", "graph.onnx", "--report", "page.html");
    writeFileSync("few.csv", `path,label,split\n${rows.slice(0, 19).join("\n")}\n`);
    await refused(
      "19 held-out clips of the classes are too few to calibrate on; expected 20 or more",
      "graph.onnx --data few.csv --calibrate --out calibrated.onnx",
    );
  });
});

test("a graph that is calibrated is evaluated with its calibrated scores", async () => {
  await enterWorkspace();
  await calibrated();
  const all = await run(evalCommand, "graph.onnx", "calibrated.onnx", "--data", "clips");
  const events = all.events.filter(({ event }) => event === "eval");
  const [own, after] = events.map(({ loss }) => Number(loss));
  expect(after).toBeLessThan(own ?? 0);
  expect(events[0]).not.toHaveProperty("rejection");
  const { points = [] } = readArtifact("calibrated.onnx").metadata.decisions?.rejection ?? {};
  expect(events[1]).toMatchObject({ rejection: { rateOf: "background", points, separation: 1 } });
  const { texts } = await run(evalCommand, "calibrated.onnx", "--data", "clips");
  expect(texts.at(-1)).toMatch(
    /^\nrate +energy +false alarms +misses\n *1 % [^]*\nROC area of classes against background 1\.0000$/,
  );
});

describe("none of these", () => {
  test("infer", async () => {
    await enterWorkspace();
    await calibrated();
    const clips = ["clips/low/0.wav", "clips/_background/0.wav"];
    const { texts, notes } = await run(inferCommand, "calibrated.onnx", ...clips, "--reject", "0.05", "--top", "1");
    expect(texts[0]).toMatch(/^clips\/low\/0\.wav \(0\.0 s\)\n {2}low {2}0\.\d{4}$/);
    expect(texts[1]).toBe("clips/_background/0.wav (0.0 s)\n  none of these");
    expect(notes).toStrictEqual([
      "scores are calibrated, as the graph says how",
      "rejecting, set to 5 % of background taken for a class; where that was measured, 0 % of background was taken for a class, 0 % of the classes' clips were rejected",
    ]);
    const json = await run(inferCommand, "calibrated.onnx", ...clips, "--reject", "0.05", "--json");
    expect(json.events).toMatchObject([
      { clip: clips[0], calibrated: true, rejected: false, scores: [{ label: "low" }, { label: "high" }] },
      { clip: clips[1], calibrated: true, rejected: true, scores: [] },
    ]);
  });

  test("windows and events", async () => {
    await enterWorkspace();
    await calibrated();
    writeFileSync("night.wav", wavBytes([20_000, 0, 0, 0, 50, 0, 0, 0]));
    const args = ["calibrated.onnx", "night.wav", "--window", "0.00025", "--reject", "0.05"];
    const { texts } = await run(inferCommand, ...args, "--top", "1");
    expect(texts.map((text) => text.replace(/ 0\.\d{4}$/, " SCORE"))).toStrictEqual([
      "night.wav",
      "    0.000      0.000  s  low SCORE",
      "    0.000      0.001  s  none of these",
    ]);
    const { events } = await run(inferCommand, ...args, "--threshold", "0.5", "--json");
    expect(events.map(({ label, startSeconds }) => [label, startSeconds])).toStrictEqual([["low", 0]]);
    const best = await run(inferCommand, ...args, "--threshold", "best", "--json");
    expect(best.events).toMatchObject([{ label: "low", startSeconds: 0, calibrated: true }]);
  });

  test("the library", async () => {
    await enterWorkspace();
    await calibrated();
    const model = await open("calibrated.onnx", { device: "cpu" });
    onTestFinished(() => model.close());
    const { decisions } = readArtifact("calibrated.onnx").metadata;
    expect(model.metadata).toMatchObject({
      isCalibrated: true,
      thresholds: { low: decisions?.thresholds?.perClass[0]?.score, high: decisions?.thresholds?.perClass[1]?.score },
      rejection: { rateOf: "background", points: decisions?.rejection?.points },
    });
    const [known, other] = await model.classify(["clips/low/0.wav", "clips/_background/0.wav"], { reject: 0.05 });
    expect(known).toMatchObject({ rejected: false, top: [{ label: "low" }, { label: "high" }] });
    expect(other).toMatchObject({ rejected: true, top: [] });
    expect(await model.classify("clips/_background/0.wav")).not.toHaveProperty("rejected");
    const windows = [];
    for await (const window of model.listen("clips/_background/0.wav", { windowSeconds: 0.000_25, reject: 0.05 }))
      windows.push(window);
    expect(windows).toMatchObject([{ rejected: true, top: [] }]);
    const events = [];
    const listening = { windowSeconds: 0.000_25, threshold: "best", reject: 0.05 } as const;
    for await (const event of model.listen("clips/low/0.wav", listening)) events.push(event);
    expect(events).toMatchObject([{ label: "low" }]);
  });

  test("is refused where the graph does not know", async () => {
    await enterWorkspace();
    const clip = "clips/low/0.wav";
    await expect(run(inferCommand, "graph.onnx", clip, "--reject", "0.05")).rejects.toThrow(
      saying(
        "--reject needs a graph that has been calibrated on clips that were held out: runtime eval GRAPH --data PATH --calibrate",
      ),
    );
    await expect(run(inferCommand, "graph.onnx", clip, "--window", "0.00025", "--threshold", "best")).rejects.toThrow(
      saying(
        "--threshold best needs a graph that holds each class's threshold, as training and calibration write them: runtime eval GRAPH --data PATH --calibrate",
      ),
    );
    await calibrated();
    await expect(run(inferCommand, "calibrated.onnx", clip, "--reject", "0.2")).rejects.toThrow(
      saying("--reject is 0.2, which the graph has not been calibrated for; expected 0.01 or 0.05 or 0.1"),
    );
    await expect(run(inferCommand, "calibrated.onnx", clip, "--reject", "5")).rejects.toThrow(
      saying("--reject is a share between 0 and 1, such as 0.05, not 5"),
    );
  });
});
