/** Made-up machines. */
import { assessCpu } from "../../../runtime/devices/assess-cpu.ts";
import { assessCuda } from "../../../runtime/devices/assess-cuda.ts";
import { assessWebgpu } from "../../../runtime/devices/assess-webgpu.ts";
import type { DeviceReports } from "../../../runtime/devices/choose-device.ts";
import type { AdapterFacts, CudaFacts, MachineFacts, WebgpuFacts } from "../../../runtime/devices/device-facts.ts";

/** A machine with what was found on it. */
export interface Machine extends MachineFacts {
  readonly webgpu: WebgpuFacts;
  readonly cuda: CudaFacts;
}

const installCommand = "node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12";

const noCuda: CudaFacts = { hasDriver: false, hasProvider: false, installCommand };

/** Ubuntu with two processors and nothing else. */
export const linux: Machine = {
  platform: "linux",
  architecture: "x64",
  distributions: ["ubuntu", "debian"],
  isContainer: false,
  hasNvidiaCard: false,
  cpuModel: "AMD EPYC",
  threads: 2,
  memoryBytes: 16e9,
  providers: ["cpu", "webgpu", "cuda", "tensorrt"],
  webgpu: {
    failure: `Warning: vkCreateInstance: Found no drivers!
Warning: vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER
    at CheckVkSuccessImpl (third_party/dawn/src/dawn/native/vulkan/VulkanError.cpp:106)`,
  },
  cuda: noCuda,
};

export const withoutLoader: Machine = {
  ...linux,
  webgpu: {
    failure:
      "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory\n    at Initialize (BackendVk.cpp:1)",
  },
};

export const linuxArm: Machine = { ...linux, architecture: "arm64", providers: ["cpu"], webgpu: {} };

export const swiftShader: AdapterFacts = {
  name: "SwiftShader Device (Subzero)",
  architecture: "swiftshader",
  description: "SwiftShader driver 5.0.0",
  isFallback: true,
  hasFloat16: false,
  maxTensorBytes: 2 ** 30,
};

export const withSoftwareGpu: Machine = { ...linux, webgpu: { adapter: swiftShader } };

/** The npm package webgpu is not installed. */
export const withoutDawn: Machine = { ...linux, webgpu: { undescribed: { hasFloat16: false } } };

const rtx: AdapterFacts = {
  name: "NVIDIA GeForce RTX 4070",
  architecture: "lovelace",
  description: "NVIDIA 550.54.14",
  isFallback: false,
  hasFloat16: true,
  maxTensorBytes: 2 ** 31,
};

const card = { name: "NVIDIA GeForce RTX 4070", driver: "550.54.14", memoryBytes: 12_282 * 2 ** 20 };

/** NVIDIA's driver alone, as after `npm ci`. */
export const withNvidia: Machine = {
  ...linux,
  hasNvidiaCard: true,
  webgpu: { adapter: rtx },
  cuda: { ...noCuda, card, hasDriver: true },
};

export const withCuda: Machine = { ...withNvidia, cuda: { ...withNvidia.cuda, hasProvider: true } };

/** ONNX Runtime's provider is there, NVIDIA's libraries are not. */
export const withoutCudaLibraries: Machine = {
  ...withCuda,
  cuda: {
    ...withCuda.cuda,
    failure: `2026-01-01 [E:onnxruntime:] provider_bridge_ort.cc:1988 : FAIL : Failed to load library /a/libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object file: No such file or directory
Error: OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library
    at new OnnxruntimeSessionHandler (backend.js:40:1)
Node.js v20.20.2`,
  },
};

export const mac: Machine = {
  ...linux,
  platform: "darwin",
  architecture: "arm64",
  distributions: [],
  cpuModel: "Apple M2",
  threads: 8,
  providers: ["cpu", "webgpu", "coreml"],
  webgpu: {
    adapter: {
      name: "Apple M2",
      architecture: "metal-3",
      description: "Metal driver on macOS Version 14.5",
      isFallback: false,
      hasFloat16: true,
      maxTensorBytes: 2 ** 32,
    },
  },
};

export const windows: Machine = {
  ...linux,
  platform: "win32",
  distributions: [],
  providers: ["cpu", "dml", "webgpu"],
  webgpu: { adapter: { ...rtx, description: "D3D12 driver version 32.0.15.5599" } },
};

export const assess = (machine: Machine): DeviceReports => ({
  cpu: assessCpu(machine),
  webgpu: assessWebgpu(machine, machine.webgpu),
  cuda: assessCuda(machine, machine.cuda),
});
