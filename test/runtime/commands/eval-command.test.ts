import { hostTensor } from "../engine/host-tensor.ts";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fingerprintClip } from "../../../runtime/audio/fingerprint-clip.ts";
import { evalCommand } from "../../../runtime/commands/eval-command.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { writeArtifact } from "../../../runtime/artifact/write-artifact.ts";
import { withTrainedClips } from "../../../runtime/artifact/trained-clips.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";

const evaluate = async (...args: readonly string[]) => {
  const { texts, notes, events, output } = recordOutput();
  const code = await evalCommand.run([...args, "--device", "cpu"], output, new AbortController().signal);
  // Their notes are the command's.
  expect(events.filter(({ event }) => event === "note").map(({ text }) => text)).toStrictEqual(notes);
  const start = events.find(({ event }) => event === "start");
  return { code, texts, notes, start, events: events.filter(({ event }) => event === "eval" || event === "ensemble") };
};

/** A graph whose logits are (difference, 0) for a clip of class low, and (0, difference) for one of class high. */
const writeGraph = async (path: string, difference: number): Promise<void> => {
  const weight = Float32Array.of(difference, 0, 0, difference, 0, 0, 0, 0);
  await writeArtifact(readArtifact("graph.onnx"), path, () => Promise.resolve(hostTensor("float32", weight, [4, 2])));
};

test("several graphs, and the mean of their scores", async () => {
  const [low, high] = [wavBytes([32_767, 0, 0, 0]), wavBytes([0, 32_767, 0, 0])];
  const folder = temporaryFolder({ "clips/low/1.wav": low, "clips/high/1.wav": high });
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
  await writeGraph("right.onnx", 3);
  await writeGraph("wrong.onnx", -1);

  const { code, texts, start, events } = await evaluate("right.onnx", "wrong.onnx", "--data", "clips");
  expect(code).toBe(0);
  expect(start).toStrictEqual({
    event: "start",
    graphs: ["right.onnx", "wrong.onnx"],
    data: "clips",
    clips: 2,
    leftOut: 0,
    device: { kind: "cpu", name: "CPU" },
  });
  expect(events).toMatchObject([
    { event: "eval", graph: "right.onnx", accuracy: 1 },
    { event: "eval", graph: "wrong.onnx", accuracy: 0 },
    { event: "ensemble", graphs: ["right.onnx", "wrong.onnx"], accuracy: 1 },
  ]);
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  expect(events[2]?.["loss"]).toBeCloseTo(-Math.log((sigmoid(3) + sigmoid(-1)) / 2), 3);
  expect(texts.join("\n")).toBe(`clips: 2 clips
                   loss  accuracy       mAP       AUC        d'
right.onnx       0.0486    1.0000    1.0000    1.0000         -
wrong.onnx       1.3132    0.0000    0.5000    0.0000         -
ensemble of 2    0.4931    1.0000    1.0000    1.0000         -

class  clips      AP     AUC  d'
low        1  1.0000  1.0000   -
high       1  1.0000  1.0000   -`);

  await expect(evaluate("--data", "clips")).rejects.toThrow(
    saying("runtime eval takes one graph or several, and none is given; see runtime eval --help"),
  );
});

describe("clips that a graph was trained on", () => {
  const names = ["low", "high"].flatMap((label) => [1, 2, 3].map((index) => join("clips", label, `${index}.wav`)));

  /** Six clips that differ, a table that keeps two for the test, and a graph that was trained on these. */
  const enterWorkspace = async (...trained: readonly string[]): Promise<void> => {
    const samples = (name: string): readonly number[] =>
      name.includes("low") ? [30_000 + Number(name.at(-5)), 0, 0, 0] : [0, 30_000 + Number(name.at(-5)), 0, 0];
    const rows = names.map((name) => `${name},${name.split(sep)[1]},${name.endsWith("3.wav") ? "test" : "train"}`);
    const folder = temporaryFolder({
      ...Object.fromEntries(names.map((name) => [name, wavBytes(samples(name))])),
      "clips.csv": `path,label,split\n${rows.join("\n")}\n`,
    });
    const before = process.cwd();
    process.chdir(folder);
    onTestFinished(() => process.chdir(before));
    writeLinearModel(".");
    await train("graph.onnx", "trained.onnx", trained);
  };
  const train = async (from: string, to: string, trained: readonly string[]): Promise<void> => {
    const fingerprints = await Promise.all(trained.map(fingerprintClip));
    const artifact = withTrainedClips(readArtifact(from), fingerprints);
    const weight = Float32Array.of(3, 0, 0, 3, 0, 0, 0, 0);
    await writeArtifact(artifact, to, () => Promise.resolve(hostTensor("float32", weight, [4, 2])));
  };

  test("are left out where there are others and the data keeps none for evaluation", async () => {
    await enterWorkspace(...names.slice(0, 4));
    writeFileSync("all.csv", readFileSync("clips.csv", "utf8").replaceAll(",test", ",train"));
    expect((await evaluate("trained.onnx", "--data", "all.csv")).events).toMatchObject([{ clips: 2, leftOut: 4 }]);
    const { texts, notes, events } = await evaluate("trained.onnx", "--data", "clips");
    expect(texts[0]).toBe("clips: 2 clips; 4 others were trained on and are left out (--all measures on all)");
    expect(events).toMatchObject([{ clips: 2, trainedOn: 0, leftOut: 4 }]);
    expect(notes).toStrictEqual([]);
  });

  test("are marked with --all, wherever the clips are now", async () => {
    await enterWorkspace(...names.slice(0, 4));
    renameSync("clips", "elsewhere");
    const { texts, notes, events } = await evaluate("trained.onnx", "--data", "elsewhere", "--all");
    expect(texts[0]).toBe("elsewhere: 6 clips");
    expect(texts[1]).toMatch(/^loss .* d' -  \(4 of 6 clips were trained on\)\n\nclass/);
    expect(events).toMatchObject([{ clips: 6, trainedOn: 4, leftOut: 0 }]);
    expect(notes).toStrictEqual(["4 of 6 clips were trained on: the figures are better than on any others"]);
  });

  test("are marked where there are no others, or the data keeps them for evaluation", async () => {
    await enterWorkspace(...names);
    expect(await evaluate("trained.onnx", "--data", "clips")).toMatchObject({
      notes: ["6 of 6 clips were trained on: the figures are better than on any others"],
      events: [{ clips: 6, trainedOn: 6, leftOut: 0 }],
    });
    expect(await evaluate("trained.onnx", "--data", "clips.csv")).toMatchObject({
      notes: ["2 of 2 clips were trained on: the figures are better than on any others"],
      events: [{ clips: 2, trainedOn: 2, leftOut: 0 }],
    });
  });

  test("of several graphs, by any of them", async () => {
    await enterWorkspace(...names.slice(0, 2));
    await train("graph.onnx", "other.onnx", names.slice(1, 5));
    const { texts, events } = await evaluate("graph.onnx", "trained.onnx", "other.onnx", "--data", "clips", "--all");
    expect(events).toMatchObject([
      { event: "eval", trainedOn: null },
      { event: "eval", trainedOn: 2 },
      { event: "eval", trainedOn: 4 },
      { event: "ensemble", trainedOn: 5 },
    ]);
    expect(texts[3]).toMatch(/^trained\.onnx .* \(2 of 6 clips were trained on\)$/);
    expect((await evaluate("trained.onnx", "other.onnx", "--data", "clips")).events).toMatchObject([
      { clips: 1, leftOut: 5 },
      { clips: 1, leftOut: 5 },
      { clips: 1, leftOut: 5, trainedOn: 0 },
    ]);
  });

  test("one that is trained on further knows the clips of both trainings", async () => {
    await enterWorkspace(...names.slice(0, 2));
    await train("trained.onnx", "further.onnx", names.slice(2, 3));
    expect((await evaluate("further.onnx", "--data", "clips", "--all")).events).toMatchObject([{ trainedOn: 3 }]);
  });
});

test("clips that cannot be read are listed at once, or left out", async () => {
  const clip = wavBytes([32_767, 0, 0, 0]);
  const folder = temporaryFolder({
    "clips/low/1.wav": clip,
    "clips/low/2.wav": "",
    "clips/high/1.wav": wavBytes([0, 32_767, 0, 0]),
    "clips/high/2.wav": "",
  });
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
  const reasons = ["high", "low"].map((label) => `  ${join("clips", label, "2.wav")}: the file is empty`).join("\n");
  await expect(evaluate("graph.onnx", "--data", "clips")).rejects.toThrow(
    saying(`2 of 4 clips cannot be read:\n${reasons}\nrestore or remove them, or leave them out: --skip-bad`),
  );
  const { events, notes } = await evaluate("graph.onnx", "--data", "clips", "--skip-bad");
  expect(events).toMatchObject([{ clips: 2 }]);
  expect(notes).toStrictEqual([`2 of 4 clips cannot be read:\n${reasons}\nleft out`]);
});
