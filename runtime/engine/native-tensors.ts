/** Tensors as ONNX Runtime's library for JavaScript has them, alike in its builds for Node.js and browsers. */
import type { DeviceTensor, HostTensor, Tensor, TensorData, Tensors } from "./engine.ts";

/** Its class, as far as it is used. */
interface NativeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly location: string;
  /** Not to be asked for where the values are on a device. */
  readonly data: unknown;
  readonly dispose: () => void;
}

const mapTensors = <From, To>(tensors: Readonly<Record<string, From>>, map: (tensor: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, map(tensor)]));

/** @param create a tensor on the same values; none are copied */
export const toNative = <Native>(tensors: Tensors, create: (tensor: HostTensor) => Native): Record<string, Native> =>
  mapTensors(tensors, (tensor) => ("data" in tensor ? create(tensor) : (tensor.handle as Native)));

const fromNativeTensor = (native: NativeTensor): Tensor => {
  const type = native.type as HostTensor["type"];
  const { dims, location } = native;
  if (location === "cpu") return { type, dims, data: native.data as TensorData };
  return { type, dims, handle: native, dispose: () => native.dispose() } satisfies DeviceTensor;
};

export const fromNative = (tensors: Readonly<Record<string, NativeTensor>>): Tensors =>
  mapTensors(tensors, fromNativeTensor);
