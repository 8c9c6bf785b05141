/** What the library tells while it is at work, as a command prints it. */
import type { DeviceDescription } from "../engine/device.ts";
import { createProgress, type Progress } from "../text/create-progress.ts";
import { describeChoice } from "./describe-choice.ts";
import type { Output } from "./output.ts";

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
  /** Of the CPU that was asked for there is nothing to say. */
  device: ({ reason, ...device }: DeviceDescription): void => {
    if (device.kind !== "cpu" || device.driver !== undefined) progress(describeChoice({ device, reason }));
  },
  onExamined: showExamination(terminal),
});
