/** The training recipe as written to the recipe as lowered and told to the runtime. */
import type { GraphInput } from "../artifact/metadata.ts";
import { bytesAsText, parseBytes } from "../artifact/parse-bytes.ts";
import type { Schedule, Warmup } from "../artifact/recipe.ts";
import { checkNumbers, type Report } from "../diagnostics/report.ts";
import type { NormalizedFeatures, NormalizedPrecision, NormalizedTraining, Settled } from "../ir/normalized-spec.ts";
import { augmentationOrder, augmentationRow } from "../lower/augmentations/augmentations.ts";
import { optimizerRow } from "../lower/optimizers/optimizers.ts";
import type { Augmentation } from "../../spec/dsl/augmentation.ts";
import type { Model } from "../../spec/dsl/model.ts";
import type { Schedule as WrittenSchedule } from "../../spec/dsl/schedules.ts";
import type { Precision, Training } from "../../spec/dsl/training.ts";

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

/** Where the graph starts, and the features that follow, if they are right. */
interface GraphStart {
  readonly input: GraphInput;
  readonly features: NormalizedFeatures | undefined;
}

const normalizeAugmentation = (
  steps: readonly Augmentation[],
  { input, features }: GraphStart,
  report: Report,
): readonly Settled<Augmentation>[] => {
  const settled = steps.map((step, index) => {
    const row = augmentationRow(step);
    if (steps.findIndex(({ kind }) => kind === step.kind) < index) {
      report.add("augmentation-named-twice", `${step.kind} stands here again; expected once`, step);
    }
    if (input === "features" && row.on === "waveform") {
      const message = `${step.kind} changes waveforms, and a graph that starts at features has none`;
      const fix = `compile with --input waveform, or take ${step.kind}() out of augment`;
      report.add("augmentation-needs-waveforms", message, step, undefined, fix);
    }
    return row.settle(step, features, report);
  });
  return augmentationOrder.flatMap((kind) => settled.filter((step) => step.kind === kind));
};

const normalizePrecision = (precision: Precision, report: Report): NormalizedPrecision => {
  if (precision.kind === "float32") return precision;
  checkNumbers(report, precision, { initialScale: "greater than 0", growthInterval: "a whole number of at least 1" });
  const { initialScale = 65_536, growthInterval = 2000 } = precision;
  return { kind: "mixed-float16", initialScale, growthInterval };
};

const readMemory = (training: Training, report: Report): number | undefined => {
  const { memory } = training;
  if (memory === undefined) return undefined;
  const bytes = typeof memory === "string" ? parseBytes(memory) : undefined;
  if (bytes === undefined) {
    const message = `memory must be ${bytesAsText}, not ${JSON.stringify(memory)}`;
    report.add("memory-without-unit", message, training, "memory");
  }
  return bytes;
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

/** @param start where the graph starts */
export const normalizeTraining = (
  { training, objective, seed = 0 }: Pick<Model, "training" | "objective" | "seed">,
  start: GraphStart,
  report: Report,
): NormalizedTraining => {
  const { batch, epochs, accumulate = 1, average, earlyStopping, rates = {} } = training;
  checkNumbers(report, training.optimizer, { learningRate: "0 or more" });
  const optimizer = optimizerRow(training.optimizer).settle(training.optimizer, report);
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
  const memoryBytes = readMemory(training, report);
  const augmentation = normalizeAugmentation(training.augment ?? [], start, report);
  const precision = normalizePrecision(training.precision ?? { kind: "float32" }, report);
  return {
    recipe: {
      learningRate: optimizer.learningRate,
      schedule: normalizeSchedule(training.schedule ?? { kind: "constant" }, report),
      batch,
      accumulate,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      epochs,
      seed,
      precision: precision.kind,
      stepsPerRun: training.stepsPerRun ?? null,
      sampling: training.sampling ?? "shuffled",
      augmentation: augmentation.map((step) => augmentationRow(step).words(step)),
      averaging: average ? { from: average.from, to: average.to } : null,
      bestBy: training.bestBy ?? (objective.kind === "singleLabel" ? "accuracy" : "mAP"),
      earlyStopping: earlyStopping ? { figure: earlyStopping.figure, patience: earlyStopping.patience } : null,
    },
    optimizer,
    clipNorm: training.clipNorm ?? null,
    augmentation,
    rates,
    precision,
  };
};
