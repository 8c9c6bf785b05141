import { type DeviceReport, deviceTitles, type UsableDevice } from "./device-report.ts";

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

/** One line on what computes, such as `device: WebGPU, Apple M2, Metal driver on macOS Version 14.5`. */
export const describeChoice = ({ device, reason }: DeviceChoice): string => {
  const { kind, name, driver, isSoftware } = device;
  const parts = [deviceTitles[kind], kind === "cpu" ? undefined : name, driver, isSoftware ? "in software" : undefined];
  const words = parts.filter((part) => part !== undefined).join(", ");
  return `device: ${words}${reason === undefined ? "" : ` (${reason}; see \`runtime devices\`)`}`;
};
