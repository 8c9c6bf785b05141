import { Tensor } from "../../../runtime/session/onnxruntime.ts";
import { onTestFinished, expect, test } from "vitest";
import { evalCommand } from "../../../runtime/infer/eval-command.ts";
import { readArtifact } from "../../../runtime/session/read-artifact.ts";
import { writeArtifact } from "../../../runtime/session/write-artifact.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";
import { writeLinearModel } from "../session/linear-artifact.ts";

const evaluate = async (...args: readonly string[]) => {
  const { texts, events, output } = recordOutput();
  const code = await evalCommand.run([...args, "--device", "cpu"], output, new AbortController().signal);
  return { code, texts, events };
};

/** A graph whose logits are (difference, 0) for a clip of class low, and (0, difference) for one of class high. */
const writeGraph = async (path: string, difference: number): Promise<void> => {
  const weight = Float32Array.of(difference, 0, 0, difference, 0, 0, 0, 0);
  await writeArtifact(readArtifact("graph.onnx"), path, () => Promise.resolve(new Tensor("float32", weight, [4, 2])));
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

  const { code, texts, events } = await evaluate("right.onnx", "wrong.onnx", "--data", "clips");
  expect(code).toBe(0);
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
    new UserError("runtime eval takes one graph or several, and none is given; see runtime eval --help"),
  );
});
