import { assessCpu } from "./assess-cpu.ts";
import { assessCuda } from "./assess-cuda.ts";
import { assessWebgpu } from "./assess-webgpu.ts";
import type { DeviceReports } from "./choose-device.ts";
import { probeCuda } from "./probe-cuda.ts";
import { probeMachine } from "./probe-machine.ts";
import { probeWebgpu } from "./probe-webgpu.ts";

/** Finds out what this machine can compute on. */
export const probeDevices = async (): Promise<DeviceReports> => {
  const machine = probeMachine();
  const [webgpu, cuda] = await Promise.all([probeWebgpu(machine), probeCuda(machine)]);
  return { cpu: assessCpu(machine), webgpu: assessWebgpu(machine, webgpu), cuda: assessCuda(machine, cuda) };
};
