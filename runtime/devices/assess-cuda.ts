import type { CudaFacts, MachineFacts } from "./device-facts.ts";
import type { DeviceReport, MissingDevice } from "./device-report.ts";
import { failureReason } from "./failure-reason.ts";
import { installPart } from "./linux-packages.ts";

type Lack = Pick<MissingDevice, "missing" | "fix">;

const lackOfDriver = ({ distributions, hasNvidiaCard, isContainer }: MachineFacts): Lack => {
  if (!hasNvidiaCard) return { missing: "no NVIDIA card is found" };
  return isContainer
    ? { missing: "the container does not see the NVIDIA card", fix: "start it with --gpus all" }
    : { missing: "NVIDIA's driver is missing", fix: installPart("nvidiaDriver", distributions) };
};

const lackOfLibraries = (log: string, { distributions }: MachineFacts): Lack => {
  const reason = failureReason(log);
  const [, library] = /(lib[\w.-]+): cannot open shared object file/.exec(reason) ?? [];
  if (library === undefined) return { missing: `ONNX Runtime does not compute with CUDA (${reason})` };
  return {
    missing: `${library} of CUDA 12 or cuDNN 9 is missing`,
    fix: installPart("cudaLibraries", distributions),
  };
};

const findLack = (machine: MachineFacts, cuda: CudaFacts): Lack | undefined => {
  const { platform, architecture, providers } = machine;
  if (!providers.includes("cuda")) {
    return { missing: `onnxruntime-node has no CUDA provider for ${platform} ${architecture}` };
  }
  if (!cuda.hasDriver) return lackOfDriver(machine);
  if (!cuda.hasProvider) {
    return { missing: "ONNX Runtime's CUDA provider is not installed", fix: `run: ${cuda.installCommand}` };
  }
  return cuda.failure === undefined ? undefined : lackOfLibraries(cuda.failure, machine);
};

/** What CUDA is on a machine. */
export const assessCuda = (machine: MachineFacts, cuda: CudaFacts): DeviceReport => {
  const kind = "cuda";
  const lack = findLack(machine, cuda);
  if (lack) return { isUsable: false, kind, ...lack };
  const { card } = cuda;
  return {
    isUsable: true,
    kind,
    name: card?.name ?? "NVIDIA card",
    ...(card ? { driver: `driver ${card.driver}`, memoryBytes: card.memoryBytes } : {}),
    isSoftware: false,
    float16: true,
  };
};
