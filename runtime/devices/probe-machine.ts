import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { nodeEngine } from "../engine/node.ts";
import type { MachineFacts } from "./device-facts.ts";

const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

const list = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** `ID` and `ID_LIKE` of https://www.freedesktop.org/software/systemd/man/latest/os-release.html. */
const readDistributions = (): readonly string[] => {
  const release = readText("/etc/os-release");
  const words = (key: string): string[] => new RegExp(`^${key}=(.*)$`, "m").exec(release)?.[1]?.match(/[\w.-]+/g) ?? [];
  return [...words("ID"), ...words("ID_LIKE")];
};

const pciDevices = "/sys/bus/pci/devices";
/** PCI's numbers: of the vendor NVIDIA and of the class of display controllers. */
const isNvidiaCard = (device: string): boolean =>
  readText(join(pciDevices, device, "vendor")).startsWith("0x10de") &&
  readText(join(pciDevices, device, "class")).startsWith("0x03");

const renderNodes = "/dev/dri";

const mayOpen = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

/** The first card that may be opened, else the first. */
const findRenderNode = (): MachineFacts["renderNode"] => {
  const names = list(renderNodes).filter((name) => name.startsWith("renderD"));
  const nodes = names.map((name) => join(renderNodes, name)).map((path) => ({ path, isOpen: mayOpen(path) }));
  return nodes.find(({ isOpen }) => isOpen) ?? nodes[0];
};

/**
 * Linux: nothing of a graphics card is there, neither on the bus nor as a kernel's driver, nor that of Windows (WSL); and no driver is
 * named by Vulkan's variables.
 */
export const hasNoCard = ({ platform, renderNode, hasNvidiaCard }: MachineFacts): boolean =>
  platform === "linux" &&
  renderNode === undefined &&
  !hasNvidiaCard &&
  ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/dxg"].every((path) => !existsSync(path)) &&
  ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"].every((name) => !process.env[name]);

/** What is known without trying a device. */
export const probeMachine = (): MachineFacts => {
  const renderNode = findRenderNode();
  return {
    platform: process.platform,
    architecture: process.arch,
    distributions: readDistributions(),
    // Docker's mark, Podman's, and that of the NVIDIA Container Toolkit.
    isContainer:
      existsSync("/.dockerenv") ||
      existsSync("/run/.containerenv") ||
      process.env["NVIDIA_VISIBLE_DEVICES"] !== undefined,
    hasNvidiaCard: list(pciDevices).some(isNvidiaCard),
    ...(renderNode ? { renderNode } : {}),
    cpuModel: cpus()[0]?.model.trim() ?? "",
    threads: availableParallelism(),
    memoryBytes: totalmem(),
    providers: nodeEngine.providers(),
  };
};
