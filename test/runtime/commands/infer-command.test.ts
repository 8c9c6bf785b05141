import { expect, onTestFinished, test } from "vitest";
import { sizeNote } from "../../../runtime/audio/formats/audio-stream.ts";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";

const infer = async (files: Readonly<Record<string, Uint8Array>>) => {
  const folder = temporaryFolder(files);
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
  const { texts, notes, events, output } = recordOutput();
  const args = ["graph.onnx", ...Object.keys(files), "--top", "1", "--device", "cpu"];
  const code = await inferCommand.run(args, output, new AbortController().signal);
  return { code, heads: texts.map((text) => text.split("\n")[0]), notes, events };
};

const silence = (samples: number, dataSize?: number) =>
  wavBytes(
    Array.from({ length: samples }, () => 0),
    dataSize === undefined ? {} : { dataSize },
  );

test("how much of a clip the model has heard is told, and once what is odd about the files", async () => {
  const { code, heads, notes, events } = await infer({
    "whole.wav": silence(4),
    "long.wav": silence(16_000),
    "odd.wav": silence(4, 0),
    "odd too.wav": silence(4, 0xffff_ffff),
  });
  expect(code).toBe(0);
  expect(heads).toEqual([
    "whole.wav (0.0 s)",
    "long.wav (0.0 of 1.0 s heard)",
    "odd.wav (0.0 s)",
    "odd too.wav (0.0 s)",
  ]);
  expect(events.map(({ seconds, heardSeconds }) => [seconds, heardSeconds])).toEqual([
    [0.000_25, 0.000_25],
    [1, 0.000_25],
    [0.000_25, 0.000_25],
    [0.000_25, 0.000_25],
  ]);
  expect(notes).toEqual([`odd.wav and 1 other: ${sizeNote}`]);
});

test("a clip of absurd values is named, and the others are answered", async () => {
  const absurd = wavBytes([0, 1e30, 0, 0], { encoding: "float", bits: 32 });
  const { code, heads, notes } = await infer({ "absurd.wav": absurd, "fine.wav": silence(4) });
  expect(code).toBe(2);
  expect(heads).toEqual(["fine.wav (0.0 s)"]);
  expect(notes).toEqual(["absurd.wav: sample 1 is 1.0000000150474662e+30; expected numbers in [-1, 1]"]);
});
