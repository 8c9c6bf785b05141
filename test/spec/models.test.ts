/** The models beside AST: each compiles, and a small one of its form learns. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { drawsOf } from "../../compiler/ir/program.ts";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { depthwiseCnn } from "../../spec/models/depthwise-cnn.ts";
import { openGraphRunner } from "../compiler/open-graph-runner.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { Tensor } from "../onnxruntime.ts";
import { temporaryFolder } from "../runtime/audio/temporary-folder.ts";

const folder = fileURLToPath(new URL("../../spec/models", import.meta.url));

test.each(readdirSync(folder))("%s compiles", (file) => {
  const out = join(temporaryFolder(), "graph.onnx");
  const { metadata } = compile({ spec: join(folder, file), out, input: "waveform" });
  expect(metadata.classes.length).toBeGreaterThan(1);
});

describe("depthwise-cnn", () => {
  const [clips, frames, bins] = [4, 32, 16];
  const classes = ["low", "high"];
  const spec = depthwiseCnn({ channels: [8, 8, 12], bins, frames, classes, epochs: 1, batch: clips });

  test("learns which half of the bins is loud", async () => {
    const program = lowerSpec(
      normalizeSpec(spec, () => undefined, "spec.ts"),
      "features",
      () => undefined,
    );
    const runner = await openGraphRunner(program);
    const noise = generateTensor("cnn", clips * frames * bins, 0.5);
    const isLoud = (index: number): boolean =>
      index % bins < bins / 2 === (Math.floor(index / (frames * bins)) % 2 === 0);
    const features = noise.map((value, index) => value + (isLoud(index) ? 1 : 0));
    const kept = Object.fromEntries(
      drawsOf(program).map(({ input, shape: [, ...lengths] }) => {
        const dims = [clips, ...lengths.map(Number)];
        return [input, new Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b)).fill(1), dims)];
      }),
    );
    const losses: number[] = [];
    for (let step = 0; step < 30; step++) {
      const { loss } = await runner.step({
        input_values: new Tensor("float32", features, [clips, frames, bins]),
        targets: new Tensor("float32", Float32Array.from([1, 0, 0, 1, 1, 0, 0, 1]), [clips, 2]),
        learning_rate: new Tensor("float32", Float32Array.of(3e-3), []),
        ...kept,
      });
      losses.push(Number(loss?.data[0]));
    }
    expect(losses.at(-1)).toBeLessThan(0.1 * (losses[0] ?? NaN));
  });
});
