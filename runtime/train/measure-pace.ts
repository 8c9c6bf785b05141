/** How fast a training goes, and when it will be at its end. */
import { costFor } from "../../compiler/artifact/cost.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { samplesIn } from "../../compiler/artifact/frames.ts";
import type { PaceEvent } from "../runs/training-events.ts";
import type { TrainingProgress } from "../runs/training-progress.ts";
import { countSteps, type StepDone } from "./run-epoch.ts";
import type { TrainingOptions } from "./training.ts";

/** As many are done before anything is told. */
const firstSteps = 3;

/** What an answer to a clip takes of the time of training on one, by their operations. */
const answerShare = (metadata: ArtifactMetadata): number => {
  const clip = { batch: 1, samples: samplesIn(metadata.frames, metadata) };
  const [answer, step] = (["inference", "training"] as const).map((task) => costFor(metadata.cost, task, clip).flops);
  return (answer ?? 0) / (step || 1);
};

/** The clips that are answered after the steps at hand: by evaluations, by that of the averaged graph, and by the test. */
const answersLeft = (
  { recipe, clips, evaluationClips, testClips, ...options }: PacedTraining,
  { epochs }: TrainingProgress,
): number => {
  const ends = Math.ceil(countSteps({ clips, recipe, ...options }) / Math.ceil(clips.length / recipe.batch));
  const averages = Number(recipe.averaging !== null && recipe.averaging.from <= ends);
  return (ends - epochs + averages) * evaluationClips.length + (1 + averages) * testClips.length;
};

type PacedTraining = Pick<TrainingOptions, "artifact" | "recipe" | "steps" | "clips" | "evaluationClips" | "testClips">;

/** Measures a session of a training. What it gives is told; undefined: nothing is. */
export const measurePace = (training: PacedTraining) => {
  const totalSteps = countSteps(training);
  const { batch } = training.recipe;
  let [steps, seconds, isWarm, isTold] = [0, 0, false, false];
  let secondsPerStep: number | undefined;
  let secondsPerAnswer: number | undefined;
  const tell = (progress: TrainingProgress): PaceEvent | undefined => {
    if (steps > 0) secondsPerStep = seconds / steps;
    if (secondsPerStep === undefined || progress.finished || progress.steps >= totalSteps) return undefined;
    [steps, seconds] = [0, 0];
    const each = secondsPerAnswer ?? (secondsPerStep / batch) * answerShare(training.artifact.metadata);
    const left = (totalSteps - progress.steps) * secondsPerStep + answersLeft(training, progress) * each;
    const rounded = (value: number): number => Math.round(value * 1000) / 1000;
    isTold = true;
    return {
      event: "pace",
      step: progress.steps,
      secondsPerStep: rounded(secondsPerStep),
      secondsLeft: rounded(left),
    };
  };
  let done = 0;
  return {
    /** @param progress after the step */
    afterStep: (step: StepDone, progress: TrainingProgress): PaceEvent | undefined => {
      done += 1;
      if (isWarm) [steps, seconds] = [steps + 1, seconds + step.seconds];
      isWarm ||= step.isSettled;
      return !isTold && step.isSettled && done >= firstSteps ? tell(progress) : undefined;
    },
    /**
     * @param progress after the epoch
     * @param seconds that its evaluation took, and what is kept of it
     */
    afterEpoch: (seconds: number, progress: TrainingProgress): PaceEvent | undefined => {
      secondsPerAnswer = seconds / training.evaluationClips.length;
      return tell(progress);
    },
  };
};
