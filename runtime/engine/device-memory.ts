/** Tensors on the device, where results stay between runs: how they get there and back. */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { encodeOnnx } from "../../compiler/artifact/onnx.ts";
import type { Device } from "./device.ts";
import { type Engine, type EngineSession, type HostTensor, onHost, type Tensor } from "./engine.ts";

export interface DeviceMemory {
  /** Copies a tensor to the device. The caller disposes of the copy. */
  readonly upload: (tensor: HostTensor) => Promise<Tensor>;
  /** Copies a tensor to the host, if it is not there. */
  readonly read: (tensor: Tensor) => Promise<HostTensor>;
  readonly close: () => Promise<void>;
}

/** A graph that gives what it gets, of any shape. */
const identity = (type: Tensor["type"]): Uint8Array => {
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
export const openDeviceMemory = (engine: Engine, { kind: device }: Device): DeviceMemory => {
  const sessions = new Map<string, Promise<EngineSession>>();
  const openCopier = (type: Tensor["type"], toDevice: boolean): Promise<EngineSession> => {
    const key = `${type} ${toDevice ? "to" : "from"} the device`;
    const session = sessions.get(key) ?? engine.open(identity(type), { device, kept: toDevice ? ["y"] : [] });
    sessions.set(key, session);
    return session;
  };
  const copy = async (x: Tensor, toDevice: boolean): Promise<Tensor> => {
    const { y } = await (await openCopier(x.type, toDevice)).run({ x });
    if (!y) throw new Error("a copy gave nothing");
    return y;
  };
  return {
    upload: (tensor) => copy(tensor, true),
    read: async (tensor) => onHost("data" in tensor ? tensor : await copy(tensor, false)),
    close: async () => {
      for (const session of sessions.values()) await (await session).release();
    },
  };
};
