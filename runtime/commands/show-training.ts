/** A training, as `train` and `cv` show it. */
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import type { RanksTook } from "../distributed/meter-steps.ts";
import type { Progress } from "../library/training.ts";
import { createNarrator, type Narrator } from "../report/terminal/create-narrator.ts";
import type { DoneEvent, StartEvent, TrainingEvent } from "../runs/training-events.ts";
import type { Output } from "./output.ts";
import { tell } from "./tell.ts";

const describeStart = ({
  name,
  data,
  clips,
  steps,
  stepsDone,
  batch,
  clipsAtOnce,
  ranks,
  memoryBytes,
  availableBytes,
}: StartEvent): string => {
  const parts = clipsAtOnce * ranks < batch ? ` in parts of ${clipsAtOnce * ranks}` : "";
  const shared = ranks > 1 ? `, shared out to ${ranks} ranks` : "";
  const done = stepsDone > 0 ? `, ${stepsDone} of them done` : "";
  const memory =
    memoryBytes === null || availableBytes === null
      ? ""
      : `; about ${formatBytes(memoryBytes)} of memory, of ${formatBytes(availableBytes)} that are free`;
  const test = clips.test > 0 ? `, ${clips.test} to test at the end` : "";
  return (
    `${printable(name)}: ${data}, ${clips.train} clips to train on and ${clips.evaluation} to evaluate on${test}; ` +
    `${steps} ${plural(steps, "step")} of ${batch} clips${parts}${shared}${done}${memory}`
  );
};

const describeRanks = ({ ranks, seconds, secondsAveraging, secondsWaiting, slowest }: RanksTook): string => {
  const share = (part: number): string => `${((100 * part) / seconds).toFixed(1)} %`;
  return (
    `${ranks} ranks: gradients were averaged in ${share(secondsAveraging)} of the time of a step; ` +
    `${share(secondsWaiting)} went in waiting for the slowest, mostly rank ${slowest.rank} on ${printable(slowest.host)}`
  );
};

const tellEnd = (
  { folder, graph, report, seconds, peakMemoryBytes, ranks, interrupted }: DoneEvent,
  output: Output,
): void => {
  const took = `(${seconds.toFixed(1)} s, ${formatBytes(peakMemoryBytes)} peak)`;
  if (ranks) output.progress(describeRanks(ranks));
  // On stderr, as the reader of stdout may be what is gone.
  if (interrupted) output.progress(`interrupted; --resume --out ${folder} goes on ${took}`);
  else output.result(`done: ${graph} ${took}`);
  if (report !== null) output.result(`report: ${report}`);
};

/** Shows events, and what comes between them, to programs and people. */
export const showTraining = (output: Output) => {
  const { device, onExamined } = tell(output);
  let narrator: Narrator | undefined;
  return {
    show: (event: TrainingEvent): void => {
      output.json(event);
      if (event.event === "start") {
        device(event.device);
        output.progress(describeStart(event));
        narrator = createNarrator(event, output);
      } else if (event.event === "note") {
        narrator?.clear();
        output.note(event.text);
      } else {
        narrator?.tell(event);
        if (event.event === "done") tellEnd(event, output);
      }
    },
    onProgress: ({ task, clips, of }: Progress): void => {
      if (task === "opening") onExamined(clips, of);
      else narrator?.onEvaluation(clips, of);
    },
    /** Removes the progress bar, whatever has ended the training. */
    clear: (): void => narrator?.clear(),
  };
};
