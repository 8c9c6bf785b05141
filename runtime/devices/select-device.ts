import type { Output } from "../output.ts";
import { cpuDevice, type Device } from "../engine/device.ts";
import { UserError } from "../user-error.ts";
import { assessCuda } from "./assess-cuda.ts";
import { assessWebgpu } from "./assess-webgpu.ts";
import { chooseDevice, type DeviceChoice, describeChoice } from "./choose-device.ts";
import { type DeviceReport, explainMissing } from "./device-report.ts";
import { probeCuda } from "./probe-cuda.ts";
import { probeDevices } from "./probe-devices.ts";
import { probeMachine } from "./probe-machine.ts";
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

const findDevice = async (name: "auto" | "webgpu" | "cuda"): Promise<DeviceChoice> => {
  if (name === "auto") return chooseDevice(await probeDevices());
  const machine = probeMachine();
  return requireDevice(
    name === "webgpu"
      ? assessWebgpu(machine, await probeWebgpu(machine))
      : assessCuda(machine, await probeCuda(machine)),
  );
};

/**
 * Finds the device that `--device` names and says which it is; `cpu` needs neither.
 * @throws UserError for a name that is none, or a device that this machine lacks
 */
export const selectDevice = async (name: string, output: Pick<Output, "progress">): Promise<Device> => {
  if (name === "cpu") return cpuDevice;
  if (name !== "auto" && name !== "webgpu" && name !== "cuda") {
    throw new UserError("device-unknown", { option: "device" }, `is auto, cpu, webgpu or cuda, not ${name}`);
  }
  const choice = await findDevice(name);
  output.progress(describeChoice(choice));
  return choice.device;
};
