/** Where a session computes. */
import { UserError } from "../user-error.ts";

const executionProviders = { auto: ["cpu"], cpu: ["cpu"] } as const;

/** A device that this runtime can use. */
export type Device = keyof typeof executionProviders;

const isDevice = (name: string): name is Device => Object.hasOwn(executionProviders, name);

/** @throws UserError for a device that this runtime does not know or not use yet. */
export const parseDevice = (name: string): Device => {
  if (isDevice(name)) return name;
  if (name === "webgpu" || name === "cuda") {
    throw new UserError(`--device ${name} is not supported yet; use --device cpu`);
  }
  throw new UserError(`--device is auto, cpu, webgpu or cuda, not ${name}`);
};

/** ONNX Runtime's names of the execution providers that a device stands for, in order of preference. */
export const executionProvidersOf = (device: Device): string[] => [...executionProviders[device]];
