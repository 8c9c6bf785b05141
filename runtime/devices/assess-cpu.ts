import { plural } from "../../compiler/artifact/plural.ts";
import { cpuDevice } from "../engine/device.ts";
import type { MachineFacts } from "./device-facts.ts";
import type { UsableDevice } from "./device-report.ts";

/** The CPU, which every machine has. */
export const assessCpu = ({ cpuModel, threads, memoryBytes }: MachineFacts): UsableDevice => ({
  ...cpuDevice,
  isUsable: true,
  name: cpuModel === "" ? cpuDevice.name : cpuModel,
  driver: `${threads} ${plural(threads, "thread")}`,
  isSoftware: false,
  memoryBytes,
});
