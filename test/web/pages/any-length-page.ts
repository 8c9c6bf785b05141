/** Runs in a browser: what graphs of any length answer, and how they train. */
import { decodeArtifact } from "../../../runtime/artifact/decode-artifact.ts";
import { openClassifier } from "../../../runtime/engine/classifier.ts";
import { cpuDevice, type Device } from "../../../runtime/engine/device.ts";
import { type HostTensor, onHost } from "../../../runtime/engine/engine.ts";
import { openTrainingSession } from "../../../runtime/engine/training-session.ts";
import { webEngine } from "../../../runtime/engine/web.ts";

const devices: Readonly<Record<"cpu" | "webgpu", Device>> = {
  cpu: cpuDevice,
  webgpu: { kind: "webgpu", name: "WebGPU", float16: false },
};

const tensor = (values: readonly number[], dims: readonly number[]): HostTensor => ({
  type: "float32",
  data: Float32Array.from(values),
  dims,
});

/**
 * @param samples of clips one after the other, of one length
 * @param targets of each clip
 * @returns their scores, the same by ONNX Runtime alone, which is given the file as it is, and the losses of two steps
 */
export const answersOf = async (
  graph: string,
  samples: readonly number[],
  targets: readonly (readonly number[])[],
  kind: keyof typeof devices,
) => {
  const bytes = new Uint8Array(await (await fetch(graph)).arrayBuffer());
  const [artifact, device] = [decodeArtifact(graph, bytes), devices[kind]];
  const waveform = tensor(samples, [targets.length, samples.length / targets.length]);

  const classifier = await openClassifier(webEngine, artifact, device);
  const { scores } = await classifier.classify(waveform);

  const plain = await webEngine.open(bytes, { device: kind });
  const { scores: plainScores } = await plain.run({ waveform });

  const training = await openTrainingSession(webEngine, artifact, device);
  const feeds = {
    waveform,
    targets: tensor(targets.flat(), [targets.length, targets[0]?.length ?? 0]),
    learning_rate: tensor([1e-3], []),
  };
  const losses: number[] = [];
  for (let step = 0; step < 2; step++) losses.push(...(await training.steps([{ feeds, endsStep: true }])));
  // Only now: with the last session on a GPU go the kernels that were compiled for it, most of which are of all three.
  await Promise.all([training.close(), plain.release(), classifier.close()]);
  return { scores: [...scores], plainScores: plainScores ? Array.from(onHost(plainScores).data, Number) : [], losses };
};
