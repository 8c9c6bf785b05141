/** Where a session computes. */
import { UserError } from "../user-error.ts";

/** A processor that this runtime can use. */
export interface Device {
  readonly kind: "cpu" | "webgpu" | "cuda";
  /** As people know it, such as `NVIDIA GeForce RTX 4070`. */
  readonly name: string;
  /** Whether it computes in half precision. */
  readonly float16: boolean;
}

export const cpuDevice: Device = { kind: "cpu", name: "CPU", float16: true };

/** @throws UserError for a device that this runtime does not know or not use yet. */
export const parseDevice = (name: string): Device => {
  if (name === "auto" || name === "cpu") return cpuDevice;
  if (name === "webgpu" || name === "cuda") {
    throw new UserError(`--device ${name} is not supported yet; use --device cpu`);
  }
  throw new UserError(`--device is auto, cpu, webgpu or cuda, not ${name}`);
};
