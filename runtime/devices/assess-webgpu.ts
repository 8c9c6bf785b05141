import type { MachineFacts, WebgpuFacts } from "./device-facts.ts";
import type { DeviceReport, MissingDevice } from "./device-report.ts";
import { isSoftwareGpu } from "../engine/is-software-gpu.ts";
import { failureReason } from "./failure-reason.ts";
import { installPart } from "./linux-packages.ts";

type Lack = Pick<MissingDevice, "missing" | "fix">;

const lackOfVulkan = (log: string, { distributions, isContainer, hasNvidiaCard }: MachineFacts): Lack | undefined => {
  // Dawn's words, as of webgpu 0.6.
  if (/couldn't load vulkan/i.test(log)) {
    return { missing: "the Vulkan loader libvulkan.so.1 is missing", fix: installPart("vulkanLoader", distributions) };
  }
  if (!/found no drivers|VK_ERROR_INCOMPATIBLE_DRIVER/i.test(log)) return undefined;
  const missing = "no Vulkan driver is installed";
  if (!hasNvidiaCard) return { missing, fix: installPart("vulkanDriver", distributions) };
  const fix = isContainer
    ? "start the container with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all"
    : installPart("nvidiaDriver", distributions);
  return { missing, fix };
};

const onCpu = "the CPU computes without";

/** What brings a driver that is there to work. */
const updateDriver = ({ platform, distributions, hasNvidiaCard }: MachineFacts): string => {
  if (platform === "darwin") return `update macOS; ${onCpu}`;
  if (platform === "win32") return `update the graphics card's driver; ${onCpu}`;
  const part = hasNvidiaCard ? "nvidiaDriver" : "vulkanDriver";
  return `${installPart(part, distributions)} (\`vulkaninfo --summary\` shows what Vulkan finds); ${onCpu}`;
};

/** Linux: Vulkan and a driver are there, but no card behind them. */
const lackOfCard = ({ renderNode, isContainer, hasNvidiaCard }: MachineFacts): Lack | undefined => {
  if (renderNode?.isOpen) return undefined;
  if (renderNode) {
    return {
      missing: `no adapter is found: this user may not open ${renderNode.path}`,
      fix: "run: sudo usermod -aG render $USER, and log in again",
    };
  }
  if (isContainer) {
    const flags = hasNvidiaCard ? "--gpus all -e NVIDIA_DRIVER_CAPABILITIES=all" : "--device /dev/dri";
    return { missing: "no adapter is found: the container sees no graphics card", fix: `start it with ${flags}` };
  }
  return hasNvidiaCard
    ? undefined
    : { missing: "no adapter is found: no graphics card has a kernel driver (/dev/dri)", fix: onCpu };
};

const lackOfAdapter = (log: string, machine: MachineFacts): Lack => {
  const { platform } = machine;
  const vulkan = platform === "linux" ? lackOfVulkan(log, machine) : undefined;
  if (vulkan) return vulkan;
  const isCrash = /^it crashed|^no answer/.test(log);
  const card = platform === "linux" && !isCrash ? lackOfCard(machine) : undefined;
  if (card) return card;
  if (log !== "") return { missing: `no adapter is found (${failureReason(log)})`, fix: updateDriver(machine) };
  if (platform === "win32")
    return { missing: "no Direct3D 12 adapter is found", fix: "install the graphics card's driver" };
  if (platform === "darwin")
    return { missing: "no Metal adapter is found", fix: `a virtual machine has none; ${onCpu}` };
  return { missing: "no Vulkan adapter is found", fix: updateDriver(machine) };
};

/** What WebGPU is on a machine. */
export const assessWebgpu = (machine: MachineFacts, { adapter, undescribed, failure }: WebgpuFacts): DeviceReport => {
  const { platform, architecture, providers } = machine;
  const kind = "webgpu";
  if (!providers.includes(kind)) {
    return {
      isUsable: false,
      kind,
      missing: `onnxruntime-node has no WebGPU provider for ${platform} ${architecture}`,
    };
  }
  if (undescribed) {
    return {
      isUsable: true,
      kind,
      name: "a graphics card or software",
      // Metal is never played by a CPU.
      ...(platform === "darwin" ? { name: "Metal", isSoftware: false } : {}),
      float16: undescribed.hasFloat16,
      missing: "the npm package webgpu, which tells a graphics card from software, is not installed",
      fix: "run: npm install webgpu@0.6",
    };
  }
  if (!adapter) return { isUsable: false, kind, ...lackOfAdapter(failure ?? "", machine) };
  const { name, description, hasFloat16, maxTensorBytes } = adapter;
  if (failure !== undefined) {
    const missing = `ONNX Runtime does not compute on ${name}, ${description} (${failureReason(failure)})`;
    return { isUsable: false, kind, missing, fix: updateDriver(machine) };
  }
  return {
    isUsable: true,
    kind,
    name,
    driver: description,
    isSoftware: isSoftwareGpu(adapter.isFallback, name, adapter.architecture, description),
    float16: hasFloat16,
    maxTensorBytes,
  };
};
