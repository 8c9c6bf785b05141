import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import type { CardFacts, CudaFacts, MachineFacts } from "./device-facts.ts";
import { probeCompute } from "./probe-compute.ts";

const limitMs = 20_000;
const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader,nounits"];

const findCard = (): Promise<CardFacts | undefined> =>
  new Promise((resolve) => {
    execFile("nvidia-smi", query, { timeout: limitMs, windowsHide: true }, (error, stdout) => {
      const [name, driver, mebibytes] = stdout.split("\n")[0]?.split(", ") ?? [];
      if (error || name === undefined || driver === undefined) return resolve(undefined);
      resolve({ name, driver, memoryBytes: Number(mebibytes) * 2 ** 20 });
    });
  });

/** Of the kernel's module, and of Windows' driver in WSL. */
const driverFiles = ["/proc/driver/nvidia/version", "/usr/lib/wsl/lib/libcuda.so.1"];

/** Looks for NVIDIA's driver and ONNX Runtime's CUDA provider, and has the provider compute where it is installed. */
export const probeCuda = async ({ platform, architecture, providers }: MachineFacts): Promise<CudaFacts> => {
  const installer = createRequire(import.meta.url).resolve("onnxruntime-node/script/install.js");
  const binaries = join(dirname(installer), "..", "bin", "napi-v6", platform, architecture);
  const hasProvider = existsSync(join(binaries, "libonnxruntime_providers_cuda.so"));
  const isBuilt = providers.includes("cuda");
  const [card, failure] = await Promise.all([
    isBuilt ? findCard() : undefined,
    isBuilt && hasProvider ? probeCompute("cuda") : undefined,
  ]);
  return {
    ...(card ? { card } : {}),
    hasDriver: card !== undefined || driverFiles.some((path) => existsSync(path)),
    hasProvider,
    // Not through npm, which may run no script that was not approved (npm 11).
    installCommand: `node ${relative(process.cwd(), installer)} --onnxruntime-node-install=cuda12`,
    ...(failure === undefined ? {} : { failure }),
  };
};
