import { join } from "node:path";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeOnnx, encodeOnnx } from "../../../compiler/artifact/onnx.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { nativeOptions } from "../../../runtime/engine/native.ts";
import { trainingProgram } from "../../../runtime/engine/session-program.ts";
import { InferenceSession } from "../../onnxruntime.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { compileTiny } from "./compile-tiny.ts";

test("ONNX Runtime leaves what is to be computed anew apart from what was computed before", async () => {
  const { model } = trainingProgram(readArtifact(compileTiny("optimizer: adam({ learningRate: 0.01 })"))).gradients;
  const optimizedModelFilePath = join(temporaryFolder(), "optimized.onnx");
  const options = { ...nativeOptions({ device: "cpu" }, "cpu"), optimizedModelFilePath };
  await (await InferenceSession.create(encodeOnnx(model), options)).release();
  const { graph } = decodeOnnx(readFileSync(optimizedModelFilePath));
  const softmaxes = (graph?.node ?? []).flatMap(({ opType, name }) => (opType === "Softmax" ? [name ?? ""] : []));
  const paths = [0, 1].map((block) => `blocks.${block}.residual1.attention/softmax.0`);
  expect(softmaxes.toSorted()).toStrictEqual(
    ["forward", "recomputed"].flatMap((role) => paths.map((path) => `${role}/${path}`)),
  );
});
