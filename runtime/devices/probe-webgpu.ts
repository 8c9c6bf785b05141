import type { AdapterFacts, MachineFacts, WebgpuFacts } from "./device-facts.ts";
import { probeCompute } from "./probe-compute.ts";
import { runProbe } from "./run-probe.ts";

/** Asks Dawn for the adapter that ONNX Runtime's provider, Dawn too, takes, and has that provider compute on it. */
export const probeWebgpu = async ({ providers }: MachineFacts): Promise<WebgpuFacts> => {
  if (!providers.includes("webgpu")) return {};
  const { answer, log } = await runProbe("adapter");
  if (answer === undefined || answer === null) return { failure: log };
  const described = answer as Omit<AdapterFacts, "name">;
  const [, name = described.description] = /^using GPU adapter: (.+?)\s*$/m.exec(log) ?? [];
  const failure = await probeCompute("webgpu");
  return { adapter: { name, ...described }, ...(failure === undefined ? {} : { failure }) };
};
