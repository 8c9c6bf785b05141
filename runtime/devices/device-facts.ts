/** What a machine has to compute with, as far as choosing a device needs it. */
export interface MachineFacts {
  readonly platform: NodeJS.Platform;
  /** As Node.js names it, such as x64. */
  readonly architecture: string;
  /** Of Linux: `ID` and `ID_LIKE` of os-release, the nearest first. */
  readonly distributions: readonly string[];
  readonly isContainer: boolean;
  /** Whether the PCI bus shows a graphics card of NVIDIA; known on Linux, `false` elsewhere. */
  readonly hasNvidiaCard: boolean;
  /** Linux's file of a graphics card that its kernel driver runs, and whether this user may open it; `undefined` where there is none. */
  readonly renderNode?: { readonly path: string; readonly isOpen: boolean };
  readonly cpuModel: string;
  readonly threads: number;
  readonly memoryBytes: number;
  /** ONNX Runtime's execution providers, as onnxruntime-node was built. */
  readonly providers: readonly string[];
}

export interface WebgpuFacts {
  readonly adapter?: AdapterFacts;
  /** In its place where ONNX Runtime computes on one, but the npm package webgpu, which alone describes it, is not installed. */
  readonly undescribed?: Pick<AdapterFacts, "hasFloat16">;
  /** What was printed where there is no adapter, or where ONNX Runtime cannot compute on it. */
  readonly failure?: string;
}

/** A WebGPU adapter, as Dawn describes it. */
export interface AdapterFacts {
  readonly name: string;
  readonly architecture: string;
  /** Names the driver and its version. */
  readonly description: string;
  readonly isFallback: boolean;
  readonly hasFloat16: boolean;
  /** The largest tensor that a kernel can read. */
  readonly maxTensorBytes: number;
}

export interface CudaFacts {
  /** The first that nvidia-smi lists; `undefined` also where that program is missing. */
  readonly card?: CardFacts;
  readonly hasDriver: boolean;
  /** Whether ONNX Runtime's CUDA provider is installed: its npm package lacks it. */
  readonly hasProvider: boolean;
  /** Installs the provider when run in the current folder. */
  readonly installCommand: string;
  /** What was printed where ONNX Runtime cannot compute with CUDA although the provider is installed. */
  readonly failure?: string;
}

export interface CardFacts {
  readonly name: string;
  readonly driver: string;
  readonly memoryBytes: number;
}
