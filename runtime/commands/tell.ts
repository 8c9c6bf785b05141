/** What the library tells while it is at work, as a command prints it. */
import { deviceTitles, type UsableDevice } from "../devices/device-report.ts";
import type { DeviceDescription } from "../engine/device.ts";
import { createProgress, type Progress } from "../text/create-progress.ts";
import type { Output } from "./output.ts";

interface DescribedChoice {
  readonly device: Pick<UsableDevice, "kind" | "name" | "driver" | "isSoftware">;
  readonly reason?: string | undefined;
}

/** One line on what computes, such as `device: WebGPU, Apple M2, Metal driver on macOS Version 14.5`. */
export const describeChoice = ({ device, reason }: DescribedChoice): string => {
  const { kind, name, driver, isSoftware } = device;
  const parts = [deviceTitles[kind], kind === "cpu" ? undefined : name, driver, isSoftware ? "in software" : undefined];
  const words = parts.filter((part) => part !== undefined).join(", ");
  return `device: ${words}${reason === undefined ? "" : ` (${reason}; see \`runtime devices\`)`}`;
};

/** Until then there is no progress bar. */
const patienceMs = 2000;

const showExamination = (terminal: Output["terminal"]): ((clips: number, of: number) => void) => {
  let [bar, began]: [Progress | undefined, number | undefined] = [undefined, undefined];
  return (clips, of) => {
    if (clips === of) {
      bar?.clear();
      [bar, began] = [undefined, undefined];
      return;
    }
    began ??= performance.now();
    if (performance.now() - began < patienceMs) return;
    bar ??= createProgress(of, 1, terminal, clips);
    bar.update(clips, "opening the clips");
  };
};

export const tell = ({ note, progress, terminal }: Output) => ({
  note,
  onDevice: (choice: DescribedChoice): void => progress(describeChoice(choice)),
  /** Of the CPU that was asked for there is nothing to say. */
  device: ({ reason, ...device }: DeviceDescription): void => {
    if (device.kind !== "cpu" || device.driver !== undefined) progress(describeChoice({ device, reason }));
  },
  onExamined: showExamination(terminal),
});
