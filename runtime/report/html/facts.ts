/** The head's rows, from what the run's folder says. */
import { formatBytes, formatCount, formatDuration, formatExact } from "../../../compiler/artifact/format-number.ts";
import { plural } from "../../../compiler/artifact/plural.ts";
import { partSize } from "../../data/batches.ts";
import { embeddedName } from "../../data/embedded.ts";
import { listName } from "../../data/sources/given-clips.ts";
import type { RunConfig } from "../../runs/run-config.ts";
import type { RunEvents } from "../../runs/run-events.ts";
import type { RunUsage } from "../../runs/run-usage.ts";
import type { Fact } from "./sections/report-data.ts";

/** A command line as a POSIX shell takes it. */
export const quoteCommand = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");

const describeData = ({ run: { data, fold, evalData, lists = [], clips }, leftOut }: RunConfig): string => {
  const name = lists.includes("data") ? listName : (data ?? embeddedName);
  const part = fold === null ? "" : `, fold ${fold}`;
  const evaluation = evalData === null ? "" : ` from ${lists.includes("evalData") ? listName : evalData}`;
  const test = clips.test === undefined ? "" : `, ${formatExact(clips.test)} to test`;
  const rest =
    leftOut.length === 0
      ? ""
      : `; ${formatExact(leftOut.length)} that cannot be read ${plural(leftOut.length, "is", "are")} left out`;
  return `${name}${part}: ${formatExact(clips.train)} clips to train on, ${formatExact(clips.evaluation)} to evaluate on${evaluation}${test}${rest}`;
};

const describeRecipe = ({ run, recipe }: RunConfig): string => {
  const { schedule, accumulate, precision, sampling, augmentation } = recipe;
  const parts = accumulate > 1 ? ` in parts of ${partSize({ batch: run.batch, accumulate })}` : "";
  return [
    `batch ${run.batch}${parts}`,
    `learning rate ${run.learningRate} (${schedule.kind})`,
    `${sampling} clips`,
    ...augmentation,
    `seed ${run.seed}`,
    precision,
  ].join(", ");
};

const describeProgress = ({ run }: RunConfig, { steps, evaluations }: RunEvents): string => {
  const planned = run.epochs === null ? "" : ` of ${run.epochs}`;
  return `epoch ${evaluations.at(-1)?.epoch ?? 0}${planned}, step ${formatExact(steps.at(-1)?.step ?? 0)}`;
};

const usageFacts = ({ seconds, sessions, peakMemoryBytes }: RunUsage): readonly Fact[] => [
  ["time", `${formatDuration(seconds)}${sessions > 1 ? `, in ${sessions} sessions` : ""}`],
  ["peak memory", `${formatBytes(peakMemoryBytes)}, of the process`],
];

/** @param usage undefined where nothing tells it */
export const runFacts = (config: RunConfig, events: RunEvents, usage: RunUsage | undefined): readonly Fact[] => {
  const { specHash, objective, classes, parameters } = config.model;
  return [
    ["data", describeData(config)],
    [
      "model",
      `${classes.length} classes, ${objective}, ${formatCount(parameters)} parameters (spec ${specHash.slice(0, 12)})`,
    ],
    ["recipe", describeRecipe(config)],
    ["reached", describeProgress(config, events)],
    ["started", config.startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC")],
    ...(usage ? usageFacts(usage) : []),
    ["graph", `${config.run.graph.path} (SHA-256 ${config.run.graph.sha256.slice(0, 12)})`],
    ["working folder", config.workingDirectory],
  ];
};

/** @param compiler the version that wrote the graph; undefined where no graph is there to tell */
export const environmentFacts = ({ environment }: RunConfig, compiler: string | undefined): readonly Fact[] => {
  const { specgraph, node, onnxruntime, platform, cpu, cores, memoryBytes, device } = environment;
  return [
    ["device", device],
    ["machine", `${cpu}, ${cores} cores, ${formatBytes(memoryBytes)} of memory, ${platform}`],
    ["Node.js", node.replace(/^v/, "")],
    ["ONNX Runtime", onnxruntime],
    ["specgraph runtime", specgraph],
    ["specgraph compiler", compiler ?? "unknown"],
  ];
};
