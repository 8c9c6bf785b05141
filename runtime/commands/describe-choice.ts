import { programName } from "../../compiler/artifact/files/program-name.ts";
import { deviceTitles, type UsableDevice } from "../devices/device-report.ts";

interface DescribedChoice {
  readonly device: Pick<UsableDevice, "kind" | "name" | "driver" | "isSoftware">;
  readonly reason?: string | undefined;
}

/** One line on what computes, such as `device: WebGPU, Apple M2, Metal driver on macOS Version 14.5`. */
export const describeChoice = ({ device, reason }: DescribedChoice): string => {
  const { kind, name, driver, isSoftware } = device;
  const parts = [deviceTitles[kind], kind === "cpu" ? undefined : name, driver, isSoftware ? "in software" : undefined];
  const words = parts.filter((part) => part !== undefined).join(", ");
  return `device: ${words}${reason === undefined ? "" : ` (${reason}; see \`${programName} devices\`)`}`;
};
