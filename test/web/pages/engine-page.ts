/** Runs in a browser: a graph's scores, by the sessions that Node.js has, too. */
import { decodeArtifact } from "../../../runtime/artifact/decode-artifact.ts";
import { openClassifier } from "../../../runtime/engine/classifier.ts";
import { cpuDevice, type Device } from "../../../runtime/engine/device.ts";
import { webEngine } from "../../../runtime/engine/web.ts";

const devices: Readonly<Record<"cpu" | "webgpu", Device>> = {
  cpu: cpuDevice,
  webgpu: { kind: "webgpu", name: "WebGPU", float16: false },
};

/** @param samples of one clip, at the graph's rate */
export const scoresOf = async (graph: string, samples: readonly number[], kind: keyof typeof devices) => {
  const bytes = new Uint8Array(await (await fetch(graph)).arrayBuffer());
  const classifier = await openClassifier(webEngine, decodeArtifact(graph, bytes), devices[kind]);
  const { scores } = await classifier.classify({
    type: "float32",
    data: Float32Array.from(samples),
    dims: [1, samples.length],
  });
  await classifier.close();
  return { scores: [...scores], isIsolated: crossOriginIsolated };
};
