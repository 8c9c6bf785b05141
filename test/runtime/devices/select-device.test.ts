import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { describeChoice } from "../../../runtime/commands/describe-choice.ts";
import { hasNoCard } from "../../../runtime/devices/probe-machine.ts";
import { requireDevice, selectDevice } from "../../../runtime/devices/select-device.ts";
import type { DeviceName } from "../../../runtime/engine/device.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import { saying } from "../saying.ts";
import { softwareGpu } from "../../software-gpu.ts";
import * as machines from "./machines.ts";

const { assess, linux, mac, windows, withNvidia } = machines;

describe("in Electron, whose binary may start the app instead of a program", () => {
  const { versions } = process;
  beforeEach(() => void Object.defineProperty(process, "versions", { value: { ...versions, electron: "41.0.0" } }));
  afterEach(() => void Object.defineProperty(process, "versions", { value: versions }));

  test("auto is the CPU, and says why", async () => {
    const choices: unknown[] = [];
    expect(await selectDevice("auto", (choice) => choices.push(choice))).toMatchObject({ kind: "cpu" });
    expect(choices).toMatchObject([{ reason: "no GPU: in Electron none is looked for" }]);
    expect(await selectDevice("cpu")).toEqual(cpuDevice);
  });

  test.each<DeviceName>(["webgpu", "cuda"])("%s is refused", async (name) => {
    await expect(selectDevice(name)).rejects.toMatchObject({
      code: "device-missing",
      message: `device ${name}: in Electron none is looked for`,
    });
  });
});

describe("a device that was asked for and is missing: the error says what adds it", () => {
  const inContainer = { ...linux, hasNvidiaCard: true, isContainer: true };
  const on = (...distributions: readonly string[]) => ({ ...linux, distributions });
  test.each<["webgpu" | "cuda", string, machines.Machine, string]>([
    [
      "webgpu",
      "no loader",
      machines.withoutLoader,
      "the Vulkan loader libvulkan.so.1 is missing; run: apt-get install libvulkan1",
    ],
    [
      "webgpu",
      "no loader, Rocky Linux",
      { ...machines.withoutLoader, distributions: ["rocky", "rhel", "centos", "fedora"] },
      "the Vulkan loader libvulkan.so.1 is missing; run: dnf install vulkan-loader",
    ],
    [
      "webgpu",
      "no loader, a distribution of its own",
      { ...machines.withoutLoader, distributions: ["nixos"] },
      "the Vulkan loader libvulkan.so.1 is missing; install your distribution's Vulkan loader",
    ],
    ["webgpu", "no driver", linux, "no Vulkan driver is installed; run: apt-get install mesa-vulkan-drivers"],
    [
      "webgpu",
      "no driver, Arch",
      on("arch"),
      "no Vulkan driver is installed; run: pacman -S vulkan-radeon vulkan-intel",
    ],
    [
      "webgpu",
      "no driver, openSUSE",
      on("opensuse-leap", "suse", "opensuse"),
      "no Vulkan driver is installed; run: zypper install libvulkan_radeon libvulkan_intel",
    ],
    [
      "webgpu",
      "no driver, NVIDIA",
      { ...linux, hasNvidiaCard: true },
      "no Vulkan driver is installed; run: ubuntu-drivers install",
    ],
    [
      "webgpu",
      "no driver in a container",
      inContainer,
      "no Vulkan driver is installed; start the container with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all",
    ],
    ["webgpu", "arm64", machines.linuxArm, "onnxruntime-node has no WebGPU provider for linux arm64"],
    [
      "webgpu",
      "Windows without a card",
      { ...windows, webgpu: { failure: "" } },
      "no Direct3D 12 adapter is found; install the graphics card's driver",
    ],
    [
      "webgpu",
      "macOS without a card",
      { ...mac, webgpu: { failure: "" } },
      "no Metal adapter is found; a virtual machine has none; the CPU computes without",
    ],
    [
      "webgpu",
      "a driver that crashes",
      { ...linux, webgpu: { failure: "it crashed with SIGSEGV" } },
      "no adapter is found (it crashed with SIGSEGV); run: apt-get install mesa-vulkan-drivers " +
        "(`vulkaninfo --summary` shows what Vulkan finds); the CPU computes without",
    ],
    [
      "webgpu",
      "a card that the user may not open",
      { ...linux, webgpu: { failure: "" }, renderNode: { path: "/dev/dri/renderD128", isOpen: false } },
      "no adapter is found: this user may not open /dev/dri/renderD128; run: sudo usermod -aG render $USER, and log in again",
    ],
    [
      "webgpu",
      "a driver without a card",
      { ...linux, webgpu: { failure: "Warning: no physical devices" } },
      "no adapter is found: no graphics card has a kernel driver (/dev/dri); the CPU computes without",
    ],
    [
      "webgpu",
      "a driver without a card in a container",
      { ...linux, isContainer: true, webgpu: { failure: "" } },
      "no adapter is found: the container sees no graphics card; start it with --device /dev/dri",
    ],
    [
      "webgpu",
      "the same with a card of NVIDIA",
      { ...inContainer, webgpu: { failure: "" } },
      "no adapter is found: the container sees no graphics card; start it with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all",
    ],
    [
      "webgpu",
      "a card that Vulkan does not find",
      { ...linux, webgpu: { failure: "" }, renderNode: { path: "/dev/dri/renderD128", isOpen: true } },
      "no Vulkan adapter is found; run: apt-get install mesa-vulkan-drivers " +
        "(`vulkaninfo --summary` shows what Vulkan finds); the CPU computes without",
    ],
    [
      "webgpu",
      "Windows, an old driver",
      { ...windows, webgpu: { failure: "Error: D3D12 feature level" } },
      "no adapter is found (D3D12 feature level); update the graphics card's driver; the CPU computes without",
    ],
    [
      "webgpu",
      "an adapter that does not compute",
      { ...withNvidia, webgpu: { ...withNvidia.webgpu, failure: "Error: device lost\n    at run (a.js:1:1)" } },
      "ONNX Runtime does not compute on NVIDIA GeForce RTX 4070, NVIDIA 550.54.14 (device lost); " +
        "run: ubuntu-drivers install (`vulkaninfo --summary` shows what Vulkan finds); the CPU computes without",
    ],
    ["cuda", "no card", linux, "no NVIDIA card is found"],
    [
      "cuda",
      "no driver",
      { ...linux, hasNvidiaCard: true, distributions: ["debian"] },
      "NVIDIA's driver is missing; run: apt-get install nvidia-driver",
    ],
    [
      "cuda",
      "no driver, Fedora",
      { ...linux, hasNvidiaCard: true, distributions: ["fedora"] },
      "NVIDIA's driver is missing; install it from https://www.nvidia.com/drivers",
    ],
    ["cuda", "a container", inContainer, "the container does not see the NVIDIA card; start it with --gpus all"],
    [
      "cuda",
      "no provider",
      withNvidia,
      "ONNX Runtime's CUDA provider is not installed; " +
        "run: node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12",
    ],
    [
      "cuda",
      "no libraries",
      machines.withoutCudaLibraries,
      "libcublasLt.so.12 of CUDA 12 or cuDNN 9 is missing; run: apt-get install cuda-libraries-12-9 libcudnn9-cuda-12",
    ],
    [
      "cuda",
      "a card too old",
      {
        ...machines.withCuda,
        cuda: { ...machines.withCuda.cuda, failure: "Error: no kernel image is available\nNode.js v20.20.2" },
      },
      "ONNX Runtime does not compute with CUDA (no kernel image is available)",
    ],
    ["cuda", "macOS", mac, "onnxruntime-node has no CUDA provider for darwin arm64"],
    ["cuda", "Windows", windows, "onnxruntime-node has no CUDA provider for win32 x64"],
  ])("%s: %s", (kind, _, machine, message) => {
    const require = () => requireDevice(assess(machine)[kind]);

    expect(require).toThrow(saying(`--device ${kind}: ${message}`));
  });
});

test("WebGPU that nothing describes, asked for", () => {
  const choice = requireDevice(assess(machines.withoutDawn).webgpu);
  expect(describeChoice(choice)).toBe("device: WebGPU, a graphics card or software");
});

test("a GPU in software, asked for", () => {
  const choice = requireDevice(assess(machines.withSoftwareGpu).webgpu);
  expect(describeChoice(choice)).toBe(
    "device: WebGPU, SwiftShader Device (Subzero), SwiftShader driver 5.0.0, in software",
  );
  expect(choice.device.float16).toBe(false);
});

describe("this machine", () => {
  afterEach(() => vi.unstubAllEnvs());

  const select = async (name: DeviceName) => {
    const lines: string[] = [];
    const device = await selectDevice(name, (choice) => lines.push(describeChoice(choice)));
    return { device, lines };
  };

  test("the CPU is taken without a word", async () => {
    expect(await select("cpu")).toStrictEqual({ device: cpuDevice, lines: [] });
  });

  test("auto finds a device in any case", async () => {
    vi.stubEnv("VK_DRIVER_FILES", "/none.json");
    const { device, lines } = await select("auto");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(device.kind === "cpu" ? /^device: CPU, \d+ threads? \(no GPU: .+\)$/ : /^device: /);
  });

  test.skipIf(softwareGpu === undefined)("webgpu takes the adapter that ONNX Runtime computes on", async () => {
    vi.stubEnv("VK_DRIVER_FILES", softwareGpu);
    const { device, lines } = await select("webgpu");
    expect(device).toMatchObject({ kind: "webgpu", isUsable: true, maxTensorBytes: expect.any(Number) });
    expect(device.name).not.toBe("");
    expect(lines[0]).toContain(`device: WebGPU, ${device.name}, `);
    if (!softwareGpu?.includes("swiftshader")) return;
    expect(device).toMatchObject({
      name: expect.stringMatching(/^SwiftShader Device/),
      float16: false,
      isSoftware: true,
    });
    expect(lines[0]).toMatch(/, SwiftShader driver [\d.]+, in software$/);
  });
});

describe("a graphics card may be there, so that auto looks for one:", () => {
  afterEach(() => vi.unstubAllEnvs());
  test.each<[string, typeof linux, Readonly<Record<string, string>>]>([
    ["a kernel's driver has a device", { ...linux, renderNode: { path: "/dev/dri/renderD128", isOpen: false } }, {}],
    ["one of NVIDIA's is on the bus", { ...linux, hasNvidiaCard: true }, {}],
    ["macOS", mac, {}],
    ["Windows", windows, {}],
    ["a Vulkan driver is named", linux, { VK_DRIVER_FILES: "/opt/driver.json" }],
  ])("%s", (_, machine, variables) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    expect(hasNoCard(machine)).toBe(false);
  });
});
