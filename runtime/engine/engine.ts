/** What runs graphs: ONNX Runtime, as Node.js (`node.ts`) or a browser (`web.ts`) has it. All else here knows this alone. */
import type { onnx } from "../../compiler/artifact/onnx.ts";
import type { Device } from "./device.ts";

export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor in the host's memory: values in row-major order; of bool, a byte each that is 0 or 1. */
export interface HostTensor {
  readonly type: "float32" | "int32" | "int64" | "bool";
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** A tensor in a device's memory, where a run left it. */
export interface DeviceTensor {
  readonly type: HostTensor["type"];
  readonly dims: readonly number[];
  /** The engine's own. */
  readonly handle: unknown;
  /** Frees the memory; nothing else does. */
  readonly dispose: () => void;
}

export type Tensor = HostTensor | DeviceTensor;

/** By name. */
export type Tensors = Readonly<Record<string, Tensor>>;
export type HostTensors = Readonly<Record<string, HostTensor>>;

/** All that is chosen of a session, none of it by a file. */
export interface SessionOptions {
  readonly device: Device["kind"];
  /** Refuses a graph of which the device runs only a part. */
  readonly isWhole?: boolean;
  /** Whether results differ in size from run to run, as those of clips of any length do. */
  readonly variesInSize?: boolean;
  /** Outputs that stay in the device's memory. */
  readonly kept?: readonly string[];
  /** That compute together on the CPU. Default: as many as the machine has cores. */
  readonly threads?: number;
  /** `runInto` is called, and not `run`. */
  readonly outputsAreGiven?: boolean;
  /** Has ONNX Runtime print its warnings. */
  readonly warns?: boolean;
  /** By name, the data files of a graph that is no file of its own. */
  readonly dataFiles?: ReadonlyMap<string, Uint8Array>;
  /** The path of the file that its data files lie beside, where these are not given. */
  readonly dataBeside?: string;
}

/** A graph, ready to run. Its functions throw ONNX Runtime's errors. */
export interface EngineSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * @param feeds all inputs and nothing else
   * @returns all outputs
   */
  readonly run: (feeds: Tensors) => Promise<Tensors>;
  /** Writes all outputs into the data of these tensors. */
  readonly runInto: (feeds: Tensors, outputs: HostTensors) => Promise<void>;
  readonly release: () => Promise<void>;
}

export interface Engine {
  /** ONNX Runtime's. */
  readonly version: string;
  /** The devices that it was built for, by ONNX Runtime's names. */
  readonly providers: () => readonly string[];
  /** Whether attention in one operator pays on the CPU (`fuse-attention.ts`). */
  readonly tilesAttention: boolean;
  /** @param graph also as a file's bytes, or its path; ONNX Runtime then maps its data file into memory */
  readonly open: (graph: onnx.IModelProto | Uint8Array | string, options: SessionOptions) => Promise<EngineSession>;
}

/** The same, with so many threads for each graph. */
export const withThreads = (engine: Engine, threads: number): Engine => ({
  ...engine,
  open: (graph, options) => engine.open(graph, { threads, ...options }),
});

/** @throws where the tensor is in a device's memory */
export const onHost = (tensor: Tensor): HostTensor => {
  if ("data" in tensor) return tensor;
  throw new Error("a tensor's values are in the device's memory");
};
