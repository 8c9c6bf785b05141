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

/** Sums over steps. */
interface Measured {
  readonly steps: number;
  readonly seconds: number;
  readonly waiting: number;
}

const nothing: Measured = { steps: 0, seconds: 0, waiting: 0 };

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** Measures a session of a training. What it gives is told; undefined: nothing is. */
export const measurePace = (training: PacedTraining) => {
  const totalSteps = countSteps(training);
  const answer = answerShare(training.artifact.metadata) / training.recipe.batch;
  let [done, isWarm, isTold] = [0, false, false];
  /** Since something was told, and what that was of. */
  let [since, last] = [nothing, nothing];
  let secondsPerAnswer: number | undefined;
  const tell = (progress: TrainingProgress): PaceEvent | undefined => {
    if (since.steps > 0) [last, since] = [since, nothing];
    if (last.steps === 0 || progress.finished || progress.steps >= totalSteps) return undefined;
    isTold = true;
    const secondsPerStep = last.seconds / last.steps;
    const answers = answersLeft(training, progress) * (secondsPerAnswer ?? secondsPerStep * answer);
    return {
      event: "pace",
      step: progress.steps,
      secondsPerStep: rounded(secondsPerStep),
      secondsWaiting: rounded(last.waiting / last.steps),
      secondsLeft: rounded((totalSteps - progress.steps) * secondsPerStep + answers),
    };
  };
  return {
    /** @param progress after the step */
    afterStep: (
      { seconds, secondsWaiting, isSettled }: StepDone,
      progress: TrainingProgress,
    ): PaceEvent | undefined => {
      done += 1;
      if (isWarm) {
        const { steps, seconds: earlier, waiting } = since;
        since = { steps: steps + 1, seconds: earlier + seconds, waiting: waiting + secondsWaiting };
      }
      isWarm ||= isSettled;
      return !isTold && isSettled && done >= firstSteps ? tell(progress) : undefined;
    },
    /**
     * @param seconds that the epoch's evaluation took, and what is kept of it
     * @param progress after the epoch
     */
    afterEpoch: (seconds: number, progress: TrainingProgress): PaceEvent | undefined => {
      secondsPerAnswer = seconds / training.evaluationClips.length;
      return tell(progress);
    },
  };
};
