import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { listSupportedBackends } from "../session/onnxruntime.ts";
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

/** What is known without trying a device. */
export const probeMachine = (): MachineFacts => ({
  platform: process.platform,
  architecture: process.arch,
  distributions: readDistributions(),
  // Docker's mark, Podman's, and that of the NVIDIA Container Toolkit.
  isContainer:
    existsSync("/.dockerenv") ||
    existsSync("/run/.containerenv") ||
    process.env["NVIDIA_VISIBLE_DEVICES"] !== undefined,
  hasNvidiaCard: list(pciDevices).some(isNvidiaCard),
  cpuModel: cpus()[0]?.model.trim() ?? "",
  threads: availableParallelism(),
  memoryBytes: totalmem(),
  providers: listSupportedBackends().map(({ name }) => name),
});
