import type { AdapterFacts, MachineFacts, WebgpuFacts } from "./device-facts.ts";
import { probeCompute } from "./probe-compute.ts";
import { notInstalled, runProbe } from "./run-probe.ts";

/** What can be told by computing alone. */
const tryWebgpu = async (): Promise<WebgpuFacts> => {
  const failure = await probeCompute("webgpu");
  if (failure !== undefined) return { failure };
  return { undescribed: { hasFloat16: (await probeCompute("webgpu", "float16")) === undefined } };
};

/**
 * Asks Dawn for the adapter that ONNX Runtime's provider, Dawn too, takes, and has that provider compute on it. Without the npm
 * package webgpu, that brings Dawn to Node.js, the provider is tried all the same.
 */
export const probeWebgpu = async ({ providers }: MachineFacts): Promise<WebgpuFacts> => {
  if (!providers.includes("webgpu")) return {};
  const { answer, log } = await runProbe("adapter");
  if (answer === notInstalled) return tryWebgpu();
  if (answer === undefined || answer === null) return { failure: log };
  const described = answer as Omit<AdapterFacts, "name">;
  const [, name = described.description] = /^using GPU adapter: (.+?)\s*$/m.exec(log) ?? [];
  const failure = await probeCompute("webgpu");
  return { adapter: { name, ...described }, ...(failure === undefined ? {} : { failure }) };
};
