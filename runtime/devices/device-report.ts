import type { Device } from "../engine/device.ts";

/** A device that ONNX Runtime computes on. */
export interface UsableDevice extends Device {
  readonly isUsable: true;
  /** What stands between us and it: a driver with its version, the CPU's threads. */
  readonly driver?: string;
  /** A graphics processor that the CPU plays; `undefined` where that is not known. */
  readonly isSoftware?: boolean;
  readonly memoryBytes?: number;
  /** What would tell more of it, as the end of a sentence. */
  readonly missing?: string;
  /** What adds that. */
  readonly fix?: string;
}

/** A device that is not there, or not yet. */
export interface MissingDevice {
  readonly isUsable: false;
  readonly kind: Device["kind"];
  /** What is missing, as the end of a sentence. */
  readonly missing: string;
  /** What adds it: mostly `run: COMMAND`; `undefined` where nothing does. */
  readonly fix?: string;
}

export type DeviceReport = UsableDevice | MissingDevice;

/** Such as `no Vulkan driver is installed; run: apt-get install mesa-vulkan-drivers`. */
export const explainMissing = ({ missing, fix }: Pick<MissingDevice, "missing" | "fix">): string =>
  fix === undefined ? missing : `${missing}; ${fix}`;

/** As people write them. */
export const deviceTitles: Readonly<Record<Device["kind"], string>> = { cpu: "CPU", webgpu: "WebGPU", cuda: "CUDA" };
