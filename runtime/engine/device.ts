/** Where a session computes. */

/** A processor that this runtime can use. */
export interface Device {
  readonly kind: "cpu" | "webgpu" | "cuda";
  /** As people know it, such as `NVIDIA GeForce RTX 4070`. */
  readonly name: string;
  /** Whether it computes in half precision. */
  readonly float16: boolean;
  /** The largest tensor it takes, where that is less than its memory. */
  readonly maxTensorBytes?: number;
}

/** What computes, for people. */
export interface DeviceDescription {
  readonly kind: Device["kind"];
  /** As people know it, such as `NVIDIA GeForce RTX 4070`. */
  readonly name: string;
  /** What stands between us and it: a driver with its version, the CPU's threads. */
  readonly driver?: string;
  /** A graphics processor that the CPU plays. */
  readonly isSoftware?: boolean;
  /** Why it is not a faster one, where `auto` chose. */
  readonly reason?: string;
}

/** A device, and what people are told of it. */
export interface DescribedDevice {
  readonly device: Device;
  readonly description: DeviceDescription;
}

export const cpuDevice: Device = { kind: "cpu", name: "CPU", float16: true };

/** What may be asked for; `auto`: the fastest that there is. */
export const deviceNames = ["auto", "cpu", "webgpu", "cuda"] as const;
export type DeviceName = (typeof deviceNames)[number];
