/** From the spec as written to the spec as lowered: defaults, units, class names, unrolled blocks, parameter paths. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "csv-parse/sync";
import type { FeatureStep, KaldiFbank, Normalize, PadOrCut } from "../../spec/dsl/features.ts";
import type { Layer, Layers } from "../../spec/dsl/layers.ts";
import type { Model } from "../../spec/dsl/model.ts";
import type { Classes } from "../../spec/dsl/objectives.ts";
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import { CompileError, type Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Locate, NormalizedFeatures, NormalizedSpec, PlacedLayer } from "./normalized-spec.ts";

/** Collects what is wrong, so that one compilation reports all of it. */
interface Report {
  readonly add: (code: string, message: string, object: object, property?: string, fix?: string) => void;
}

/** What a number must be, in words. */
const numberRules = {
  "a whole number of at least 1": (value: number) => Number.isInteger(value) && value >= 1,
  "a whole number": (value: number) => Number.isInteger(value),
  "greater than 0": (value: number) => Number.isFinite(value) && value > 0,
  "0 or more": (value: number) => Number.isFinite(value) && value >= 0,
  "a finite number": (value: number) => Number.isFinite(value),
  "at least 0 and less than 1": (value: number) => value >= 0 && value < 1,
} as const;

type NumberRules<T> = { readonly [Key in keyof T]?: keyof typeof numberRules };

const checkNumbers = <T extends object>(report: Report, object: T, rules: NumberRules<T>): void => {
  for (const [key, rule] of Object.entries(rules) as [keyof T & string, keyof typeof numberRules][]) {
    const value: unknown = object[key];
    if (typeof value !== "number" || numberRules[rule](value)) continue;
    report.add("number-out-of-range", `${key} must be ${rule}, not ${value}`, object, key);
  }
};

const layerRules: {
  readonly [Kind in Layer["kind"]]: (layer: Extract<Layer, { kind: Kind }>, report: Report) => void;
} = {
  patchEmbedding: (layer, report) => {
    checkNumbers(report, layer, { width: "a whole number of at least 1" });
    for (const key of ["patch", "stride"] as const) {
      for (const [axis, length] of Object.entries(layer[key])) {
        if (Number.isInteger(length) && length >= 1) continue;
        const message = `${key}.${axis} must be a whole number of at least 1, not ${length}`;
        report.add("number-out-of-range", message, layer, key);
      }
    }
  },
  addTokens: (layer, report) => {
    if (new Set(layer.names).size < layer.names.length) {
      report.add("token-named-twice", `two tokens have one name: ${layer.names.join(", ")}`, layer);
    }
  },
  positionalEmbedding: () => undefined,
  repeat: (layer, report) => checkNumbers(report, layer, { times: "a whole number of at least 1" }),
  residual: () => undefined,
  layerNorm: (layer, report) => checkNumbers(report, layer, { eps: "greater than 0" }),
  attention: (layer, report) => checkNumbers(report, layer, { heads: "a whole number of at least 1" }),
  dense: (layer, report) => checkNumbers(report, layer, { units: "a whole number of at least 1" }),
  activation: () => undefined,
  meanOfTokens: () => undefined,
};

const flatten = (layers: Layers): readonly Layer[] =>
  layers.flatMap((layer) => (Array.isArray(layer) ? flatten(layer) : [layer as Layer]));

/** `layerNorm`, or `layerNorm1`, `layerNorm2` where a list has several. */
const nameLayers = (layers: readonly Layer[]): readonly string[] => {
  const names = layers.map((layer) => {
    if (layer.kind === "repeat") return "blocks";
    return layer.kind === "activation" ? layer.name : layer.kind;
  });
  return names.map((name, index) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name;
    return `${name}${names.slice(0, index + 1).filter((other) => other === name).length}`;
  });
};

const placeLayers = (layers: Layers, prefix: string, report: Report): readonly PlacedLayer[] => {
  const flat = flatten(layers);
  const names = nameLayers(flat);
  return flat.flatMap((layer, index): readonly PlacedLayer[] => {
    (layerRules[layer.kind] as (layer: Layer, report: Report) => void)(layer, report);
    const path = prefix + (names[index] ?? layer.kind);
    if (layer.kind === "repeat") {
      return Array.from({ length: layer.times }, (_, turn) =>
        placeLayers(layer.block, `${path}.${turn}.`, report),
      ).flat();
    }
    const inner = layer.kind === "residual" ? placeLayers(layer.layers, `${path}.`, report) : [];
    return [{ layer, path, inner }];
  });
};

const featureOrder = ["removeMean", "kaldiFbank", "padOrCut", "normalize"] as const;

const normalizeFeatures = (model: Model, report: Report): NormalizedFeatures | undefined => {
  const steps = new Map<FeatureStep["kind"], FeatureStep>();
  let reached = -1;
  for (const step of model.features) {
    const position = featureOrder.indexOf(step.kind);
    if (position <= reached) {
      report.add(
        "feature-order",
        `${step.kind} cannot stand here`,
        step,
        undefined,
        `the order is ${featureOrder.join(", ")}`,
      );
    }
    reached = Math.max(reached, position);
    steps.set(step.kind, step);
  }
  const fbank = steps.get("kaldiFbank") as KaldiFbank | undefined;
  const length = steps.get("padOrCut") as PadOrCut | undefined;
  const normalize = (steps.get("normalize") ?? { kind: "normalize", mean: 0, std: 1 }) as Normalize;
  if (!fbank || !length) {
    report.add("feature-missing", `the features have no ${fbank ? "padOrCut" : "kaldiFbank"}`, model, "features");
    return undefined;
  }
  checkNumbers(report, fbank, {
    bins: "a whole number of at least 1",
    frameLengthMs: "greater than 0",
    frameShiftMs: "greater than 0",
    lowHz: "0 or more",
    preemphasis: "at least 0 and less than 1",
  });
  checkNumbers(report, length, { frames: "a whole number of at least 1" });
  checkNumbers(report, normalize, { mean: "a finite number", std: "greater than 0", to: "greater than 0" });

  const { sampleRateHz } = model.input;
  const { lowHz = 20, highHz = sampleRateHz / 2, preemphasis = 0.97 } = fbank;
  if (lowHz >= highHz || highHz > sampleRateHz / 2) {
    const message = `the filters reach from ${lowHz} Hz to ${highHz} Hz; expected low < high <= ${sampleRateHz / 2} Hz`;
    report.add("filter-range", message, fbank, fbank.highHz === undefined ? "lowHz" : "highHz");
  }
  const samples = (milliseconds: number): number => Math.floor((milliseconds * sampleRateHz) / 1000);
  for (const key of ["frameLengthMs", "frameShiftMs"] as const) {
    if (samples(fbank[key]) >= (key === "frameLengthMs" ? 2 : 1)) continue;
    report.add(
      "frame-too-short",
      `${key} of ${fbank[key]} is ${samples(fbank[key])} samples at ${sampleRateHz} Hz`,
      fbank,
      key,
    );
  }
  return {
    removeMean: steps.has("removeMean"),
    bins: fbank.bins,
    frameLengthSamples: samples(fbank.frameLengthMs),
    frameShiftSamples: samples(fbank.frameShiftMs),
    window: fbank.window,
    lowHz,
    highHz,
    preemphasis,
    frames: length.frames,
    mean: normalize.mean,
    scale: (normalize.to ?? 1) / normalize.std,
  };
};

const readClasses = (path: string): readonly string[] => {
  const rows = parse<Record<string, string>>(readFileSync(path, "utf8"), {
    columns: true,
    skip_empty_lines: true,
    trim: true,
  });
  const ordered = rows.every((row) => row["index"] !== undefined)
    ? rows.toSorted((a, b) => Number(a["index"]) - Number(b["index"]))
    : rows;
  return ordered.map((row) => row["display_name"] ?? row["name"] ?? "");
};

const resolveClasses = (classes: Classes, specPath: string, report: Report): readonly string[] => {
  if (!("kind" in classes)) return classes;
  const path = resolve(dirname(specPath), classes.path);
  if (!existsSync(path)) {
    report.add("classes-file", `there is no file ${path}`, classes, "path");
    return ["?"];
  }
  try {
    const names = readClasses(path);
    if (names.every((name) => name !== "")) return names;
    report.add("classes-file", `${path} has no column display_name or name, or leaves it empty`, classes, "path");
  } catch (error) {
    report.add("classes-file", `${path} is not CSV: ${error instanceof Error ? error.message : ""}`, classes, "path");
  }
  return ["?"];
};

const resolveCheckpoint = ({ file, ...options }: Checkpoint, specPath: string): NormalizedSpec["pretrained"] => ({
  ...options,
  ...(file === undefined ? {} : { file: resolve(dirname(specPath), file) }),
});

/**
 * @param specPath the file that `model` came from; class files are relative to it
 * @throws CompileError with everything that does not fit
 */
export const normalizeSpec = (model: Model, locate: Locate, specPath: string): NormalizedSpec => {
  const diagnostics: Diagnostic[] = [];
  const report: Report = {
    add: (code, message, object, property, fix) => {
      const span = locate(object, property);
      // A repeated block is checked once per copy.
      if (diagnostics.some((other) => other.message === message && JSON.stringify(other.span) === JSON.stringify(span)))
        return;
      diagnostics.push({ code, message, span, fix });
    },
  };

  checkNumbers(report, model.input, { sampleRateHz: "a whole number of at least 1" });
  checkNumbers(report, model, { seed: "a whole number" });
  const features = normalizeFeatures(model, report);
  const network = placeLayers(model.network, "", report);

  const classes = resolveClasses(model.objective.classes, specPath, report);
  if (classes.length === 0) report.add("no-classes", "the objective has no classes", model.objective, "classes");
  const twice = classes.find((name, index) => classes.indexOf(name) !== index);
  if (twice !== undefined)
    report.add("class-named-twice", `two classes are called ${twice}`, model.objective, "classes");

  const { optimizer } = model.training;
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
  checkNumbers(report, model.training, {
    batch: "a whole number of at least 1",
    epochs: "a whole number of at least 1",
  });

  if (!features || diagnostics.length > 0) throw new CompileError(diagnostics);
  return {
    name: model.name,
    seed: model.seed ?? 0,
    sampleRateHz: model.input.sampleRateHz,
    features,
    network,
    objective: model.objective.kind === "multiLabel" ? "multi-label" : "single-label",
    classes,
    optimizer: { learningRate, betas, eps, weightDecay, decay: optimizer.kind === "adam" ? "coupled" : "decoupled" },
    batch: model.training.batch,
    epochs: model.training.epochs,
    pretrained: model.pretrained && resolveCheckpoint(model.pretrained, specPath),
  };
};
