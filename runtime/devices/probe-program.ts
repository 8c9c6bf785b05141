/**
 * Tries a device in a process of its own, as a graphics driver may crash, hang or print: `probe-program adapter` describes
 * the WebGPU adapter, `probe-program compute PROVIDER MODEL` runs a model on one of ONNX Runtime's execution providers.
 * The answer is a line on stdout: `answer: JSON`.
 */
import { writeSync } from "node:fs";
import type { Device } from "../engine/device.ts";
import type { AdapterFacts } from "./device-facts.ts";
import { notInstalled } from "./run-probe.ts";

/** Dawn for Node.js is 130 MB, and so for the user to install who wants it. */
const loadDawn = async (): Promise<typeof import("webgpu") | undefined> => {
  try {
    return await import("webgpu");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
};

/** The name is missing: Dawn gives it in the line alone that `verbose` has it print. */
const describeAdapter = async (): Promise<Omit<AdapterFacts, "name"> | null | typeof notInstalled> => {
  const dawn = await loadDawn();
  if (!dawn) return notInstalled;
  const adapter = await dawn.create(["verbose=1"]).requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return null;
  const { architecture, description, isFallbackAdapter } = adapter.info;
  return {
    architecture,
    description,
    isFallback: isFallbackAdapter,
    hasFloat16: adapter.features.has("shader-f16"),
    maxTensorBytes: Math.min(adapter.limits.maxStorageBufferBindingSize, adapter.limits.maxBufferSize),
  };
};

/** @param model in base64: one input `x`, float32 [2, 2], and one output `y` */
const compute = async (provider: string, model: string): Promise<number[]> => {
  const { nodeEngine } = await import("../engine/node.ts");
  const options = { device: provider as Device["kind"], isWhole: true, warns: true };
  const session = await nodeEngine.open(Buffer.from(model, "base64"), options);
  const { y } = await session.run({ x: { type: "float32", data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] } });
  return y && "data" in y ? Array.from(y.data, Number) : [];
};

const [probe, provider = "", model = ""] = process.argv.slice(2);
const answer = probe === "adapter" ? await describeAdapter() : await compute(provider, model);
writeSync(process.stdout.fd, `answer: ${JSON.stringify(answer)}\n`);
