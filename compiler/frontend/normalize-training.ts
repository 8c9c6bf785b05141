/** The training recipe as written to the recipe as lowered and told to the runtime. */
import type { ArtifactMetadata, Augmentation, Schedule, Warmup } from "../artifact/metadata.ts";
import type { Augmentation as AugmentationStep } from "../../spec/dsl/augmentation.ts";
import type { Model } from "../../spec/dsl/model.ts";
import type { Schedule as WrittenSchedule } from "../../spec/dsl/schedules.ts";
import type { Optimizer, Precision, Training } from "../../spec/dsl/training.ts";
import type {
  NormalizedFeatures,
  NormalizedOptimizer,
  NormalizedPrecision,
  NormalizedTraining,
} from "../ir/normalized-spec.ts";
import { checkNumbers, type Report } from "../diagnostics/report.ts";

const normalizeOptimizer = (optimizer: Optimizer, report: Report): NormalizedOptimizer => {
  const { learningRate, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = optimizer;
  checkNumbers(report, optimizer, { learningRate: "0 or more", eps: "greater than 0", weightDecay: "0 or more" });
  if (!betas.every((beta) => beta >= 0 && beta < 1)) {
    report.add(
      "number-out-of-range",
      `betas must be at least 0 and less than 1, not ${betas.join(", ")}`,
      optimizer,
      "betas",
    );
  }
  return { learningRate, betas, eps, weightDecay, decay: optimizer.kind === "adam" ? "coupled" : "decoupled" };
};

const normalizeWarmup = (warmup: WrittenSchedule["warmup"], report: Report): Warmup | null => {
  if (!warmup) return null;
  checkNumbers(report, warmup, { steps: "a whole number of at least 1" });
  if (warmup.kind === "linearWarmup") return { kind: "linear", steps: warmup.steps };
  return { kind: "reference", steps: warmup.steps ?? 1000 };
};

const normalizeSchedule = (schedule: WrittenSchedule, report: Report): Schedule => {
  const warmup = normalizeWarmup(schedule.warmup, report);
  switch (schedule.kind) {
    case "constant":
      return { kind: "constant", warmup };
    case "multiStep": {
      const { milestones, factor } = schedule;
      checkNumbers(report, schedule, { factor: "greater than 0" });
      const areRising = milestones.every(
        (epochs, index) => Number.isInteger(epochs) && epochs > (milestones[index - 1] ?? 0),
      );
      if (milestones.length === 0 || !areRising) {
        const message = `milestones must be rising whole numbers of at least 1, not ${milestones.join(", ") || "none"}`;
        report.add("milestones-rise", message, schedule, "milestones");
      }
      return { kind: "multiStep", milestones, factor, warmup };
    }
    case "cosine":
      checkNumbers(report, schedule, { to: "at least 0 and less than 1" });
      return { kind: "cosine", to: schedule.to ?? 0, warmup };
  }
};

const noAugmentation: Augmentation = { mixup: null, frequencyMask: null, timeMask: null, noise: false, roll: null };

const requireWithin = (
  report: Report,
  step: AugmentationStep,
  property: string,
  [widest, length]: readonly [number, number | undefined],
): void => {
  if (length === undefined || widest <= length) return;
  const message = `a mask of up to ${widest} ${property} does not fit a spectrogram of ${length} ${property}`;
  report.add("mask-fits-spectrogram", message, step, property);
};

/** Where the graph starts, and the features that follow, if they are right. */
interface GraphStart {
  readonly input: ArtifactMetadata["input"];
  readonly features: NormalizedFeatures | undefined;
}

/** What one step adds to the augmentation. */
const normalizeAugmentation = (
  step: AugmentationStep,
  { input, features }: GraphStart,
  report: Report,
): Partial<Augmentation> => {
  switch (step.kind) {
    case "mixup": {
      const { rate, alpha = 10 } = step;
      if (input === "features") {
        const message = "mixup mixes waveforms, and a graph that starts at features has none";
        const fix = "compile with --input waveform, or take mixup() out of augment";
        report.add("mixup-needs-waveforms", message, step, undefined, fix);
      }
      checkNumbers(report, step, { rate: "greater than 0 and at most 1", alpha: "greater than 0" });
      return { mixup: { rate, alpha } };
    }
    case "maskFrequency":
      if (checkNumbers(report, step, { bins: "a whole number of at least 1" }))
        requireWithin(report, step, "bins", [step.bins, features?.bins]);
      return { frequencyMask: step.bins };
    case "maskTime":
      if (checkNumbers(report, step, { frames: "a whole number of at least 1" }))
        requireWithin(report, step, "frames", [step.frames, features?.frames]);
      return { timeMask: step.frames };
    case "noise":
      return { noise: true };
    case "roll": {
      const { from = -10, to = 9 } = step;
      if (checkNumbers(report, step, { from: "a whole number", to: "a whole number" }) && from > to)
        report.add("roll-range", `the roll is from ${from} to ${to} frames; expected from <= to`, step);
      return { roll: { from, to } };
    }
  }
};

const collectAugmentation = (steps: readonly AugmentationStep[], start: GraphStart, report: Report): Augmentation => {
  steps.forEach((step, index) => {
    if (steps.findIndex(({ kind }) => kind === step.kind) < index) {
      report.add("augmentation-named-twice", `${step.kind} stands here again; expected once`, step);
    }
  });
  return Object.assign({}, noAugmentation, ...steps.map((step) => normalizeAugmentation(step, start, report)));
};

const normalizePrecision = (precision: Precision, report: Report): NormalizedPrecision => {
  if (precision.kind === "float32") return precision;
  checkNumbers(report, precision, { initialScale: "greater than 0", growthInterval: "a whole number of at least 1" });
  const { initialScale = 65_536, growthInterval = 2000 } = precision;
  return { kind: "mixed-float16", initialScale, growthInterval };
};

const checkEpochs = ({ average, earlyStopping, epochs }: Training, report: Report): void => {
  if (average) {
    const rule = "a whole number of at least 1";
    const areNumbers = checkNumbers(report, average, { from: rule, to: rule }, "average.");
    if (areNumbers && (average.from > average.to || average.to > epochs)) {
      const message = `epochs ${average.from} to ${average.to} cannot be averaged; expected from <= to <= ${epochs}`;
      report.add("average-within-epochs", message, average);
    }
  }
  if (earlyStopping) checkNumbers(report, earlyStopping, { patience: "a whole number of at least 1" });
};

export const normalizeTraining = (
  { training, objective }: Pick<Model, "training" | "objective">,
  start: GraphStart,
  report: Report,
): NormalizedTraining => {
  const { batch, epochs, accumulate = 1, average, earlyStopping, rates = {} } = training;
  const optimizer = normalizeOptimizer(training.optimizer, report);
  const isCounted = checkNumbers(report, training, {
    batch: "a whole number of at least 1",
    accumulate: "a whole number of at least 1",
    epochs: "a whole number of at least 1",
    clipNorm: "greater than 0",
    stepsPerRun: "a whole number of at least 1",
  });
  if (isCounted && accumulate > batch) {
    report.add(
      "part-has-clips",
      `a batch of ${batch} clips cannot be computed in ${accumulate} parts`,
      training,
      "accumulate",
    );
  }
  for (const [pattern, factor] of Object.entries(rates)) {
    if (Number.isFinite(factor) && factor >= 0) continue;
    report.add("number-out-of-range", `the rate of "${pattern}" must be 0 or more, not ${factor}`, rates, pattern);
  }
  checkEpochs(training, report);
  return {
    optimizer,
    schedule: normalizeSchedule(training.schedule ?? { kind: "constant" }, report),
    batch,
    accumulate,
    epochs,
    clipNorm: training.clipNorm ?? null,
    sampling: training.sampling ?? "shuffled",
    augmentation: collectAugmentation(training.augment ?? [], start, report),
    rates,
    averaging: average ? { from: average.from, to: average.to } : null,
    bestBy: training.bestBy ?? (objective.kind === "singleLabel" ? "accuracy" : "mAP"),
    earlyStopping: earlyStopping ? { figure: earlyStopping.figure, patience: earlyStopping.patience } : null,
    precision: normalizePrecision(training.precision ?? { kind: "float32" }, report),
    stepsPerRun: training.stepsPerRun ?? null,
  };
};
