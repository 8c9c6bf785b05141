/** The library's failures in the words of the command line: the only place where a failure meets a flag. */
import { programName } from "../../compiler/artifact/files/program-name.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import type { FailureCode } from "../failure-codes.ts";
import type { Facts, UserError } from "../user-error.ts";

/** Options whose flags are not their names in kebab-case. */
const ownFlags: Readonly<Record<string, string>> = {
  learningRate: "--lr",
  windowSeconds: "--window",
  hopSeconds: "--hop",
};

/** The flag of one of the library's options. */
const flagOf = (option: string): string =>
  ownFlags[option] ?? `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const textsOf = (fact: Facts[string]): readonly string[] => (Array.isArray(fact) ? fact.map(String) : []);

const goOn = (run: string): string => `${programName} train --resume --out ${run}`;

const clearUp = ({ finished, path = "" }: Facts): string =>
  finished === true
    ? "; name another folder with --out, add epochs to it with --resume --epochs N, or replace it with --overwrite"
    : `; go on with it: ${goOn(path)}, name another folder, or replace it with --overwrite`;

const lowerRate = ({ learningRate }: Facts): string => {
  const rate = Number(learningRate);
  return rate > 0 ? `; try a lower rate, such as --lr ${Number((rate / 10).toPrecision(6))}` : "";
};

/** By a failure's code, which flags mend it. */
const advice: { readonly [Code in FailureCode]?: (facts: Facts) => string } = {
  "batch-too-large": ({ fitting }) => `; use ${fitting === 0 ? "--device cpu" : `--batch ${String(fitting)}`}`,
  "calibration-clips-trained": () => ": --data PATH",
  "clip-lost-in-training": ({ run }) =>
    `; restore the clip and go on with ${goOn(String(run))}, or without it: ${goOn(String(run))} --skip-bad`,
  "clips-missing": ({ canSkip, missing }) =>
    canSkip === true ? `; --skip-bad leaves ${plural(Number(missing), "it", "them")} out` : "",
  "clips-unreadable": ({ isBegun }) =>
    isBegun === true
      ? "\nrestore them, or go on without them: --skip-bad"
      : "\nrestore or remove them, or leave them out: --skip-bad",
  "device-refuses-graph": () => "; use --device cpu",
  "embedded-class-unknown": () => "; give clips of the graph's own classes: --data PATH",
  "embedded-not-divisible": () => "; name clips with --data PATH",
  "file-missing": ({ isIndex }) => (isIndex === true ? "; --add makes one" : ""),
  "file-unreadable": ({ path }) => (path === "-" ? `; \`${programName} listen\` hears what is piped` : ""),
  "folder-holds-run": clearUp,
  "folder-in-use": () => "; name another folder with --out, or give --overwrite",
  "folder-not-empty": ({ isSweep }) => (isSweep === true ? "; name another folder with --out" : ""),
  "folds-changed": () => "; name another folder with --out",
  "folds-fixed": () => "; leave --folds out",
  "job-changed": () => "; name another place with --out",
  "job-recordings-changed": () => "; name another place with --out",
  "labels-unnamed": () => ": --labels class_labels_indices.csv",
  "loss-not-finite": lowerRate,
  "memory-short": ({ fitting, accumulate }) => {
    if (fitting === undefined) return "";
    if (fitting === 0) return "; compile a smaller model, or one of shorter clips";
    return `; use --batch ${String(fitting)}, or accumulate: ${String(accumulate)} in the spec, which learns the same`;
  },
  "microphone-silent": () => "; name the microphone with --input, or give sound on stdin",
  "recorder-missing": () => ", or give sound on stdin",
  "no-class-folders": ({ list }) => (list === undefined ? "" : `, or the list itself: --data ${String(list)}`),
  "no-float16": () => "; compile the spec with precision: float32(), or use --device cpu",
  "not-calibrated": () => `: ${programName} eval GRAPH --data PATH --calibrate`,
  "normalized-per-clip": () => "; without a graph, AST's features are measured",
  "not-exportable": () => "; --format safetensors writes any model",
  "nothing-to-hold-out": () => "; give others: --eval-data PATH",
  "option-needs-data": () => "; name them with --data PATH",
  "options-changed": ({ options }) =>
    `; leave the ${plural(textsOf(options).length, "option")} out, or name another folder with --out`,
  "output-among-inputs": () => "; name another folder with --cut",
  "output-exists": () => "; name another place",
  "parameters-diverged": () => "; train again with a lower --lr",
  "parameters-not-finite": lowerRate,
  "port-taken": () => "; name another with --port, or --port 0 for any that is free",
  "sweep-changed": () => "; name another folder with --out",
  "starts-at-features": () => "; compile its spec without --input features",
};

/** Options, and what is wrong with each. */
const listConflicts = ({ options, conflicts }: Facts): string =>
  textsOf(options)
    .map((option, index) => `${flagOf(option)} ${textsOf(conflicts)[index] ?? ""}`)
    .join("; ");

/** What is wrong, with the options of the library as flags. */
const spoken = ({ code, facts, message, sentence }: UserError): string => {
  if (code === "options-changed") return `${String(facts["run"])} goes on as it was started: ${listConflicts(facts)}`;
  if (code === "ranks-differ" && facts["options"] !== undefined)
    return `rank ${String(facts["rank"])} on ${String(facts["host"])} was started with other options than rank 0: ${listConflicts(facts)}`;
  return facts.path === undefined && facts.option !== undefined ? `${flagOf(facts.option)} ${sentence}` : message;
};

/** A failure as the command line tells it: what is wrong, and which flags mend it. */
export const describeFailure = (error: UserError): string => spoken(error) + (advice[error.code]?.(error.facts) ?? "");
