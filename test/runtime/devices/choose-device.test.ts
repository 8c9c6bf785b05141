import { describe, expect, test } from "vitest";
import { describeChoice } from "../../../runtime/commands/describe-choice.ts";
import { chooseDevice } from "../../../runtime/devices/choose-device.ts";
import type { AdapterFacts } from "../../../runtime/devices/device-facts.ts";
import * as machines from "./machines.ts";

const { assess, linux, mac, swiftShader, windows, withCuda, withNvidia, withSoftwareGpu } = machines;
const chosen = (machine: machines.Machine): string => describeChoice(chooseDevice(assess(machine)));
const withAdapter = (adapter: Partial<AdapterFacts>): machines.Machine => ({
  ...linux,
  webgpu: { adapter: { ...swiftShader, architecture: "", isFallback: false, ...adapter } },
});

describe("auto", () => {
  test.each<[string, machines.Machine, string]>([
    ["CUDA", withCuda, "device: CUDA, NVIDIA GeForce RTX 4070, driver 550.54.14"],
    [
      "a card without CUDA's provider",
      withNvidia,
      "device: WebGPU, NVIDIA GeForce RTX 4070, NVIDIA 550.54.14 (not CUDA: ONNX Runtime's CUDA provider is not installed; see `runtime devices`)",
    ],
    [
      "a card without CUDA's libraries",
      machines.withoutCudaLibraries,
      "device: WebGPU, NVIDIA GeForce RTX 4070, NVIDIA 550.54.14 (not CUDA: libcublasLt.so.12 of CUDA 12 or cuDNN 9 is missing; see `runtime devices`)",
    ],
    [
      "a card with neither",
      { ...withNvidia, webgpu: linux.webgpu },
      "device: CPU, 2 threads (no GPU: ONNX Runtime's CUDA provider is not installed; see `runtime devices`)",
    ],
    ["macOS", mac, "device: WebGPU, Apple M2, Metal driver on macOS Version 14.5"],
    ["Windows", windows, "device: WebGPU, NVIDIA GeForce RTX 4070, D3D12 driver version 32.0.15.5599"],
    [
      "a GPU in software",
      withSoftwareGpu,
      "device: CPU, 2 threads (no GPU but one in software, SwiftShader Device (Subzero); see `runtime devices`)",
    ],
    [
      "WebGPU that nothing describes",
      machines.withoutDawn,
      "device: CPU, 2 threads (no GPU: the npm package webgpu, which tells a graphics card from software, is not installed; see `runtime devices`)",
    ],
    [
      "WebGPU that nothing describes, macOS",
      { ...mac, webgpu: { undescribed: { hasFloat16: true } } },
      "device: WebGPU, Metal",
    ],
    [
      "no loader",
      machines.withoutLoader,
      "device: CPU, 2 threads (no GPU: the Vulkan loader libvulkan.so.1 is missing; see `runtime devices`)",
    ],
    ["no driver", linux, "device: CPU, 2 threads (no GPU: no Vulkan driver is installed; see `runtime devices`)"],
    [
      "Linux on arm64",
      machines.linuxArm,
      "device: CPU, 2 threads (no GPU: onnxruntime-node has no WebGPU provider for linux arm64; see `runtime devices`)",
    ],
  ])("%s", (_, machine, line) => {
    expect(chosen(machine)).toBe(line);
  });

  test.each([
    ["llvmpipe (LLVM 19.1.7, 256 bits)", "llvmpipe Mesa 25.0.7 (LLVM 19.1.7)"],
    ["Microsoft Basic Render Driver", "D3D12 driver version 10.0.26100.1"],
    ["SwiftShader Device (LLVM 10.0.0)", "SwiftShader driver 5.0.0"],
  ])("takes %s for software by its name", (name, description) => {
    expect(chosen(withAdapter({ name, description }))).toBe(
      `device: CPU, 2 threads (no GPU but one in software, ${name}; see \`runtime devices\`)`,
    );
  });

  test("takes a card behind Direct3D for a real one", () => {
    const adapter = { name: "Microsoft Direct3D12 (AMD Radeon RX 7600)", description: "Dozen Mesa 25.0.7" };
    expect(chosen(withAdapter(adapter))).toBe(
      "device: WebGPU, Microsoft Direct3D12 (AMD Radeon RX 7600), Dozen Mesa 25.0.7",
    );
  });
});
