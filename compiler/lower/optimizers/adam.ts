/** Adam and AdamW as PyTorch computes them (`torch.optim.Adam`, `torch.optim.AdamW`). */
import { checkNumbers, type Report } from "../../diagnostics/report.ts";
import type { TensorType, Value } from "../../ir/graph.ts";
import type { Settled } from "../../ir/normalized-spec.ts";
import type { Builder } from "../../ops/builder.ts";
import type { Adam, AdamW } from "../../../spec/dsl/training.ts";
import type { Update } from "./update.ts";
import type { OptimizerRow, TrainedParameter } from "./optimizer.ts";

type Settings = Omit<Settled<Adam>, "kind">;

const settle = (written: Adam | AdamW, report: Report): Settings => {
  const { learningRate, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = written;
  checkNumbers(report, written, { eps: "greater than 0", weightDecay: "0 or more" });
  if (!betas.every((beta) => beta >= 0 && beta < 1)) {
    const message = `betas must be at least 0 and less than 1, not ${betas.join(", ")}`;
    report.add("number-out-of-range", message, written, "betas");
  }
  return { learningRate, betas, eps, weightDecay };
};

/** weight * old + (1 - weight) * sample; the second factor is rounded once, from double precision. */
const movingAverage = (b: Builder, weight: number, old: Value, sample: Value): Value =>
  b.add(b.mul(old, b.scalar(weight)), b.mul(sample, b.scalar(1 - weight)));

/**
 * The bias corrections 1 - beta^t are kept as moving averages of ones: computed as a power in float32, the second would
 * lose four digits in the first steps. Both are applied to scalars rather than to moments, which spares a pass over them:
 * rate / c1 * m / (sqrt(v / c2) + eps) = (rate * sqrt(c2) / c1) * m / (sqrt(v) + eps * sqrt(c2)).
 * @param decay of weights, coupled: added to the gradient; decoupled: subtracted from the parameter
 */
const lower = (
  b: Builder,
  decay: "coupled" | "decoupled",
  { betas, eps, weightDecay }: Settings,
  learningRate: Value,
  parameters: readonly TrainedParameter[],
): readonly Update[] => {
  const [beta1, beta2] = betas;
  const state = (name: string, type: TensorType): Value =>
    b.state({ kind: "optimizer", initializer: { kind: "zeros" }, fanIn: 1 }, name, type);

  const correction = (index: number, beta: number): Update => {
    const old = state(`optimizer.correction${index}`, { dtype: "float32", shape: [] });
    return { state: old, next: movingAverage(b, beta, old, b.scalar(1)) };
  };
  const { rate, floor, counters } = b.from({ path: "optimizer", role: "optimizer" }, () => {
    const step = state("optimizer.step", { dtype: "int32", shape: [] });
    const counted = b.add(step, b.constant("constant/one-step", [], Int32Array.of(1)));
    const second = correction(2, beta2);
    const root = b.sqrt(second.next);
    const first = correction(1, beta1);
    return {
      rate: b.div(b.mul(learningRate, root), first.next),
      floor: b.mul(root, b.scalar(eps)),
      counters: [{ state: step, next: counted }, second, first],
    };
  });
  /** Scalars that all parameters of one factor share. */
  const ratesOf = (factor: number): { readonly own: Value; readonly keep: Value } =>
    b.from({ path: "optimizer", role: "optimizer" }, () => ({
      own: factor === 1 ? rate : b.mul(rate, b.scalar(factor)),
      keep: b.sub(b.scalar(1), b.mul(learningRate, b.scalar(weightDecay * factor))),
    }));
  const factors = new Set(parameters.map(({ rateFactor }) => rateFactor));
  const rates = new Map([...factors].map((factor) => [factor, ratesOf(factor)]));

  const updates = parameters.map(({ parameter, gradient: raw, rateFactor }) =>
    b.from({ path: parameter.name, role: "optimizer" }, (): readonly Update[] => {
      const { own, keep } = rates.get(rateFactor) ?? ratesOf(rateFactor);
      const isCoupled = weightDecay !== 0 && decay === "coupled";
      const isDecoupled = weightDecay !== 0 && decay === "decoupled";
      const gradient = isCoupled ? b.add(raw, b.mul(parameter, b.scalar(weightDecay))) : raw;
      const moment1 = state(`${parameter.name}.moment1`, parameter.type);
      const moment2 = state(`${parameter.name}.moment2`, parameter.type);
      const next1 = movingAverage(b, beta1, moment1, gradient);
      const next2 = movingAverage(b, beta2, moment2, b.mul(gradient, gradient));
      const deviation = b.add(b.sqrt(next2), floor);
      const kept = isDecoupled ? b.mul(parameter, keep) : parameter;
      return [
        { state: moment1, next: next1 },
        { state: moment2, next: next2 },
        { state: parameter, next: b.sub(kept, b.mul(own, b.div(next1, deviation))) },
      ];
    }),
  );
  return [...counters, ...updates.flat()];
};

export const adam: OptimizerRow<Adam> = {
  settle: (written, report) => ({ kind: "adam", ...settle(written, report) }),
  lower: (b, settings, learningRate, parameters) => lower(b, "coupled", settings, learningRate, parameters),
  asAdamW: ({ betas, eps, weightDecay }) => ({ betas, eps, decay: 0, coupledDecay: weightDecay }),
};

export const adamW: OptimizerRow<AdamW> = {
  settle: (written, report) => ({ kind: "adamW", ...settle(written, report) }),
  lower: (b, settings, learningRate, parameters) => lower(b, "decoupled", settings, learningRate, parameters),
  asAdamW: ({ betas, eps, weightDecay }) => ({ betas, eps, decay: weightDecay, coupledDecay: 0 }),
};
