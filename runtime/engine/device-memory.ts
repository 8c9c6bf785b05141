/** Tensors on the device, where results stay between runs: how they get there and back. */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { encodeOnnx } from "../../compiler/artifact/onnx.ts";
import { InferenceSession, type Tensor } from "./onnxruntime.ts";
import type { Device } from "./device.ts";
import { type ElementType, isElementType } from "../artifact/stored-tensor.ts";

export interface DeviceMemory {
  /** Copies a tensor to the device. The caller disposes of the copy. */
  readonly upload: (tensor: Tensor) => Promise<Tensor>;
  /** Copies a tensor to the host, if it is not there. */
  readonly read: (tensor: Tensor) => Promise<Tensor>;
  readonly close: () => Promise<void>;
}

/** A graph that gives what it gets, of any shape. */
const identity = (type: ElementType): Uint8Array => {
  const value = (name: string) => ({ name, type: { tensorType: { elemType: onnxTypeNumbers[type] } } });
  const graph = {
    name: "copy",
    node: [{ opType: "Identity", input: ["x"], output: ["y"] }],
    input: [value("x")],
    output: [value("y")],
  };
  return encodeOnnx({ irVersion: 9, opsetImport: [{ domain: "", version: 20 }], graph });
};

/**
 * Copies run as graphs of one Identity: in onnxruntime-node 1.30 `getData` of a tensor on a WebGPU device ends the process,
 * and nothing else uploads one.
 */
export const openDeviceMemory = (device: Device): DeviceMemory => {
  const sessions = new Map<string, Promise<InferenceSession>>();
  const openCopier = (type: ElementType, target: "cpu" | "gpu-buffer"): Promise<InferenceSession> => {
    const key = `${type} to ${target}`;
    const session =
      sessions.get(key) ??
      InferenceSession.create(identity(type), {
        executionProviders: [device.kind],
        preferredOutputLocation: { y: target },
      });
    sessions.set(key, session);
    return session;
  };
  const copy = async (x: Tensor, target: "cpu" | "gpu-buffer"): Promise<Tensor> => {
    if (!isElementType(x.type)) throw new Error(`no copies of ${x.type} tensors`);
    const { y } = await (await openCopier(x.type, target)).run({ x });
    if (!y) throw new Error("a copy gave nothing");
    return y;
  };
  return {
    upload: (tensor) => copy(tensor, "gpu-buffer"),
    read: (tensor) => (tensor.location === "gpu-buffer" ? copy(tensor, "cpu") : Promise.resolve(tensor)),
    close: async () => {
      for (const session of sessions.values()) await (await session).release();
    },
  };
};
