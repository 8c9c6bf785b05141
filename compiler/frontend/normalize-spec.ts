/** From the spec as written to the spec as lowered: defaults, units, class names, unrolled blocks, parameter paths. */
import type { DiagnosticCode } from "../diagnostics/codes/codes.ts";
import { dirname, resolve } from "node:path";
import { mostLength } from "../artifact/dim.ts";
import { mostOfLayers } from "../artifact/draws.ts";
import type { GraphInput } from "../artifact/metadata.ts";
import type { Model } from "../../spec/dsl/model.ts";
import type { Classes, Objective } from "../../spec/dsl/objectives.ts";
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import { CompileError, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { readClassNames } from "../weights/read-class-names.ts";
import type { FeatureSource } from "./match-features.ts";
import type { Locate, NormalizedSpec, NormalizedTraining } from "../ir/normalized-spec.ts";
import { heldName, isFrozen, type PlacedLayer, withInner } from "../ir/placed-layer.ts";
import { builderName } from "../layers/table.ts";
import { findStrangers, isEmpty, placeNetwork } from "../layers/place-network.ts";
import { normalizeFeatures, startOf } from "./normalize-features.ts";
import { normalizeTraining } from "./normalize-training.ts";
import { rateFactors } from "./rate-factors.ts";
import { checkNumbers, type Report } from "../diagnostics/report.ts";

/** @returns their names, or why they cannot be read */
const resolveClasses = (classes: Classes, specPath: string): readonly string[] | string =>
  "kind" in classes ? readClassNames(resolve(dirname(specPath), classes.path)) : classes;

const checkClasses = (classes: readonly string[] | string, objective: Objective, report: Report): void => {
  if (typeof classes === "string") {
    report.add("classes-file", classes, objective.classes, "path");
    return;
  }
  const add = (code: DiagnosticCode, message: string): void => report.add(code, message, objective, "classes");
  const nameless = classes.findIndex((name) => name.trim() === "");
  const twice = classes.find((name, index) => classes.indexOf(name) !== index);
  if (classes.length === 0) add("no-classes", "the objective has no classes");
  else if (nameless >= 0) add("class-without-name", `the name of class ${nameless}, counted from 0, is empty`);
  else if (twice !== undefined) add("class-named-twice", `two classes are called ${twice}`);
};

const parameterNames = (network: readonly PlacedLayer[]): readonly string[] =>
  withInner(network).flatMap((placed) => placed.parameters.map((parameter) => heldName(placed, parameter)));

const checkClipsAtOnce = (
  network: readonly PlacedLayer[],
  { recipe: { batch, accumulate } }: NormalizedTraining,
  factors: ReadonlyMap<string, number>,
  report: Report,
): void => {
  const clips = Math.ceil(batch / accumulate);
  for (const placed of withInner(network)) {
    const { layer, facts } = placed;
    if (facts.clipsAtOnce === undefined || clips >= facts.clipsAtOnce || isFrozen(placed, factors)) continue;
    const parts = accumulate > 1 ? ` in ${accumulate} parts` : "";
    const message = `${builderName(layer)} needs ${facts.clipsAtOnce} clips at once while training, and a batch of ${batch}${parts} has ${clips}`;
    report.add("clips-at-once", message, layer);
  }
};

/** That what a layer leaves beside what flows is heard: a residual ends it. */
const checkHeard = (network: readonly PlacedLayer[], report: Report): void => {
  const all = withInner(network);
  const heard = new Set(all.map(({ facts }) => facts.hears));
  for (const { layer, path, facts } of all) {
    if (facts.leaves === undefined || heard.has(path)) continue;
    const message = `no ${facts.leaves} hears of ${layer.kind}; expected it before one in the same residual, or before the blocks`;
    report.add("layer-unheard", message, layer);
  }
};

/** What a file may have a training draw is bounded: told of the first layer that goes beyond. */
const checkDraws = (network: readonly PlacedLayer[], report: Report): void => {
  let values = 0;
  let draws = 0;
  for (const { layer, facts } of withInner(network)) {
    if (facts.drawnPerClip === undefined) continue;
    const own = mostLength(facts.drawnPerClip);
    values += own;
    draws += 1;
    const { draws: mostDraws, valuesPerClip } = mostOfLayers;
    if (values <= valuesPerClip && draws <= mostDraws) continue;
    const [found, most] =
      values > valuesPerClip
        ? [`${own} values a clip while training, with those before it ${values}`, `${valuesPerClip}`]
        : [`while training as the ${draws}th layer of those that do`, `${mostDraws} of them`];
    report.add("too-many-draws", `${builderName(layer)} draws ${found}; expected at most ${most}`, layer);
    return;
  }
};

/** The checkpoint's paths, which are relative to the spec's file. */
export const resolveCheckpoint = (
  { file, labels, ...options }: Checkpoint,
  specPath: string,
): NormalizedSpec["pretrained"] => ({
  ...options,
  ...(file === undefined ? {} : { file: resolve(dirname(specPath), file) }),
  ...(labels === undefined ? {} : { labels: resolve(dirname(specPath), labels) }),
});

/** In few characters, whatever it is. */
const printStranger = (value: unknown): string => {
  const printed = typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
  return printed.length > 60 ? `${printed.slice(0, 60)}...` : printed;
};

/**
 * @param specPath the file that `model` came from; class files are relative to it
 * @param input where the graph is to start
 * @param source the checkpoint that the model is to start from, if any
 * @throws CompileError with everything that does not fit
 */
export const normalizeSpec = (
  model: Model,
  locate: Locate,
  specPath: string,
  input: GraphInput = "waveform",
  source?: FeatureSource,
): NormalizedSpec => {
  const diagnostics: Diagnostic[] = [];
  const report: Report = {
    add: (code, message, object, property, fix) => {
      const span = locate(object, property);
      // A repeated block is checked once per copy.
      if (diagnostics.some((other) => other.message === message && JSON.stringify(other.span) === JSON.stringify(span)))
        return;
      diagnostics.push({ code, message, span, fix });
    },
    placeOf: (object, property) => {
      const span = locate(object, property);
      return span && `${span.file}:${span.line}:${span.column}`;
    },
  };

  checkNumbers(report, model, { seed: "a whole number" });
  const features = normalizeFeatures(model, input, source, report);
  const classes = resolveClasses(model.objective.classes, specPath);
  const classCount = typeof classes === "string" ? 0 : classes.length;
  const strangers = findStrangers(model.network);
  if (strangers.length > 0) {
    const message = `the network holds ${printStranger(strangers[0])}, which is no layer`;
    report.add("no-layer", message, model, "network");
    throw new CompileError(diagnostics);
  }
  if (isEmpty(model.network)) report.add("network-empty", "the network has no layers", model, "network");
  const network = placeNetwork(model.network, startOf(model, features), classCount, report);
  checkClasses(classes, model.objective, report);
  checkNumbers(report, model.objective, { labelSmoothing: "at least 0 and less than 1" });
  if (model.pretrained?.grid) {
    const rule = "a whole number of at least 1";
    checkNumbers(report, model.pretrained.grid, { rows: rule, columns: rule }, "grid.");
  }
  const training = normalizeTraining(model, { input, features }, report);
  const factors = network && rateFactors(parameterNames(network), training.rates, report);

  if (network) checkHeard(network, report);
  if (network) checkDraws(network, report);
  if (network && factors) checkClipsAtOnce(network, training, factors, report);

  if (!features || !network || !factors || typeof classes === "string" || diagnostics.length > 0) {
    throw new CompileError(diagnostics);
  }
  return {
    name: model.name,
    sampleRateHz: model.input.sampleRateHz,
    features,
    network,
    objective: model.objective.kind === "multiLabel" ? "multi-label" : "single-label",
    classes,
    labelSmoothing: model.objective.labelSmoothing ?? 0,
    ...training,
    rateFactors: factors,
    pretrained: model.pretrained && resolveCheckpoint(model.pretrained, specPath),
  };
};
