/** What is alike in ONNX Runtime's builds for Node.js and browsers: tensors, and what a session is opened with. */
import {
  type DeviceTensor,
  type HostTensor,
  type HostTensors,
  onHost,
  type SessionOptions,
  type Tensor,
  type TensorData,
  type Tensors,
} from "./engine.ts";

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

/** Copies results into the tensors that were given for them, where ONNX Runtime leaves these as they are. */
export const copyInto = (outputs: HostTensors, made: Tensors): void => {
  for (const [name, { data }] of Object.entries(outputs)) {
    const output = made[name];
    if (output) data.set(onHost(output).data as never);
  }
};

/** ONNX Runtime's; up to errors, what it tells is about graph optimisations, not about the user's input. */
const logLevels = { warning: 2, fatal: 4 } as const;

/** The compiler writes nothing twice but what is to be computed once more instead of kept, and ONNX Runtime would join it again. */
const keptApart = ["CommonSubexpressionElimination"];
/** On CPUs a product's first factor is turned before it is read (`compiler/passes/factors-by-rows.ts`); others read it either way. */
const turnedBefore = ["GemmTransposeFusion"];

/**
 * @param provider what the build calls the device, or that with options of its own
 * @param others more of the session's configuration
 */
export const nativeOptions = <Provider>(
  {
    device,
    isWhole = false,
    warns = false,
    kept = [],
    threads,
    dataFiles = new Map<string, Uint8Array>(),
  }: SessionOptions,
  provider: Provider,
  others: Readonly<Record<string, string>> = {},
) => ({
  executionProviders: [provider],
  ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  logSeverityLevel: warns ? logLevels.warning : logLevels.fatal,
  // ONNX Runtime 1.30, CPU: planning memory by pattern is no faster and takes half as much memory again.
  enableMemPattern: false,
  extra: {
    optimization: { disable_specified_optimizers: [...keptApart, ...(device === "cpu" ? turnedBefore : [])].join(";") },
    session: { ...(isWhole ? { disable_cpu_ep_fallback: "1" } : {}), ...others },
  },
  ...(kept.length > 0
    ? { preferredOutputLocation: Object.fromEntries(kept.map((name) => [name, "gpu-buffer" as const])) }
    : {}),
  ...(dataFiles.size > 0 ? { externalData: [...dataFiles].map(([path, data]) => ({ path, data })) } : {}),
});
