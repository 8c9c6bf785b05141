import type { DeviceReport, UsableDevice } from "./device-report.ts";

/** What this machine has. */
export interface DeviceReports {
  readonly cpu: UsableDevice;
  readonly webgpu: DeviceReport;
  readonly cuda: DeviceReport;
}

export interface DeviceChoice {
  readonly device: UsableDevice;
  /** Why it is not a faster one; `undefined` where there is none. */
  readonly reason?: string;
}

/** The fastest that is no software: CUDA, whose products of matrices use tensor cores, then WebGPU, then the CPU. */
export const chooseDevice = ({ cpu, webgpu, cuda }: DeviceReports): DeviceChoice => {
  if (cuda.isUsable) return { device: cuda };
  // CUDA that can be added is the nearest to a GPU, or to a faster one; else the machine has nothing for it.
  const canAddCuda = cuda.fix !== undefined;
  if (webgpu.isUsable && webgpu.isSoftware === false) {
    return { device: webgpu, ...(canAddCuda ? { reason: `not CUDA: ${cuda.missing}` } : {}) };
  }
  if (canAddCuda) return { device: cpu, reason: `no GPU: ${cuda.missing}` };
  if (webgpu.isUsable && webgpu.isSoftware) {
    return { device: cpu, reason: `no GPU but one in software, ${webgpu.name}` };
  }
  return { device: cpu, reason: `no GPU: ${webgpu.missing}` };
};
