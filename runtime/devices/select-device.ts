import { cpuDevice, type Device, type DeviceName } from "../engine/device.ts";
import { UserError } from "../user-error.ts";
import { assessCpu } from "./assess-cpu.ts";
import { assessCuda } from "./assess-cuda.ts";
import { assessWebgpu } from "./assess-webgpu.ts";
import { chooseDevice, type DeviceChoice } from "./choose-device.ts";
import { type DeviceReport, explainMissing } from "./device-report.ts";
import { probeCuda } from "./probe-cuda.ts";
import { probeDevices } from "./probe-devices.ts";
import { hasNoCard, probeMachine } from "./probe-machine.ts";
import { probeWebgpu } from "./probe-webgpu.ts";

/** @throws UserError saying what adds the device, where it is missing */
export const requireDevice = (report: DeviceReport): DeviceChoice => {
  if (report.isUsable) return { device: report };
  throw new UserError(
    "device-missing",
    { option: "device", device: report.kind },
    `${report.kind}: ${explainMissing(report)}`,
  );
};

/**
 * Others than the CPU are tried in processes of their own, in which Electron's binary starts the app once more where the app's
 * fuses do not let it run as Node.js.
 */
const findInElectron = (name: "auto" | "webgpu" | "cuda"): DeviceChoice => {
  const missing = "in Electron none is looked for";
  if (name === "auto") return { device: assessCpu(probeMachine()), reason: `no GPU: ${missing}` };
  return requireDevice({ isUsable: false, kind: name, missing });
};

const findDevice = async (name: "auto" | "webgpu" | "cuda"): Promise<DeviceChoice> => {
  if (process.versions["electron"] !== undefined) return findInElectron(name);
  const machine = probeMachine();
  if (name === "auto") {
    // What there can be is a GPU in software, which is not chosen; that it is looked for takes as long as a clip.
    if (hasNoCard(machine)) return { device: assessCpu(machine), reason: "no GPU: there is no graphics card" };
    return chooseDevice(await probeDevices());
  }
  return requireDevice(
    name === "webgpu"
      ? assessWebgpu(machine, await probeWebgpu(machine))
      : assessCuda(machine, await probeCuda(machine)),
  );
};

/**
 * Finds a device. Default: the fastest.
 * @param onChoice told which it is, and why; not of the CPU where that is asked for
 * @throws UserError for a device that this machine lacks
 */
export const selectDevice = async (
  name: DeviceName = "auto",
  onChoice?: (choice: DeviceChoice) => void,
): Promise<Device> => {
  if (name === "cpu") return cpuDevice;
  const choice = await findDevice(name);
  onChoice?.(choice);
  return choice.device;
};
