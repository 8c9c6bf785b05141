import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { evalCommand } from "../../../runtime/commands/eval-command.ts";
import {
  evaluate,
  type EvaluateOptions,
  type EvaluationEvent,
  type Progress,
  UserError,
} from "../../../runtime/index.ts";
import { linearModel, metadata, writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";

const listed = ["high", "low"].flatMap((labels) =>
  [0, 1].map((index) => ({ path: `clips/${labels}/${index}.wav`, labels })),
);

/** A graph and clips in the folder that is current until the test ends. */
const enterWorkspace = (): string => {
  const folder = temporaryFolder(
    Object.fromEntries(listed.map(({ path }, index) => [path, wavBytes([index, 0, 0, 9])])),
  );
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
  return folder;
};

const collect = async (events: AsyncIterable<EvaluationEvent>): Promise<readonly EvaluationEvent[]> => {
  const all: EvaluationEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

test("a graph, or several, on clips: the events that the command line prints", async () => {
  const folder = enterWorkspace();
  const seen: Progress[] = [];
  const onProgress = (progress: Progress): void => void seen.push(progress);
  const options = { data: "clips", device: "cpu", onProgress } as const;
  const [start, measured, ...others] = await collect(evaluate("graph.onnx", options));
  expect(start).toMatchObject({ event: "start", graphs: ["graph.onnx"], data: "clips", clips: 4 });
  expect(measured).toMatchObject({ event: "eval", graph: "graph.onnx", clips: 4, trainedOn: null, leftOut: 0 });
  expect(others).toStrictEqual([]);
  expect(seen).toContainEqual({ task: "opening", clips: 4, of: 4 });
  expect(seen.slice(-2)).toStrictEqual([
    { task: "evaluating", clips: 2, of: 4 },
    { task: "evaluating", clips: 4, of: 4 },
  ]);

  const url = pathToFileURL(join(folder, "graph.onnx"));
  const both = await collect(evaluate(["graph.onnx", url], { ...options, data: listed, batch: 3 }));
  expect(both.map(({ event }) => event)).toStrictEqual(["start", "eval", "eval", "ensemble"]);
  expect(both[0]).toMatchObject({ data: "the clips listed", clips: 4 });
  const { events: printed, output } = recordOutput();
  const args = ["graph.onnx", join(folder, "graph.onnx"), "--data", "clips", "--device", "cpu"];
  await evalCommand.run(args, output, new AbortController().signal);
  expect(printed).toEqual(both.map((event) => ("data" in event ? { ...event, data: "clips" } : event)));
});

test("leaving the loop ends it, and an abort is a failure", async () => {
  enterWorkspace();
  const options = { data: "clips", device: "cpu" } as const;
  for await (const event of evaluate("graph.onnx", options)) if (event.event === "start") break;
  const controller = new AbortController();
  const reason = new Error("enough");
  const onProgress = ({ task }: Progress): void => {
    if (task === "evaluating") controller.abort(reason);
  };
  const ended = collect(evaluate("graph.onnx", { ...options, signal: controller.signal, onProgress }));
  await expect(ended).rejects.toMatchObject({ code: "aborted", cause: reason });
});

test.each([
  ["graph.onnx", { all: 1 }, "option-invalid", "all is 1; expected true or false"],
  [
    "graph.onnx",
    { epochs: 1 },
    "option-invalid",
    "epochs is no option; there are data, labels, fold, skipBad, batch, device, signal, onProgress, all",
  ],
  ["graph.onnx", {}, "embedded-class-unknown", 'the embedded sounds have a class "tone" and the graph has not'],
  [[], {}, "argument-invalid", "there is no graph; expected a path or a file: URL, or several"],
  [["graph.onnx", 5], {}, "argument-invalid", "the graph is 5; expected a path or a file: URL"],
  [
    ["graph.onnx", "other.onnx"],
    { data: "clips" },
    "tasks-differ",
    'graph.onnx and other.onnx cannot be averaged: class 1 is "high" in one and "loud" in the other',
  ],
])("what is wrong is a typed error: %j, %j", async (graphs, options, code, message) => {
  enterWorkspace();
  const other = writeLinearModel(temporaryFolder(), linearModel({ ...metadata, classes: ["low", "loud"] }));
  const named = (graph: unknown): unknown => (graph === "other.onnx" ? other : graph);
  const given = (Array.isArray(graphs) ? graphs.map(named) : graphs) as string;
  const error: unknown = await collect(evaluate(given, options as EvaluateOptions)).catch((error: unknown) => error);
  if (!(error instanceof UserError)) throw new Error(`no UserError: ${String(error)}`);
  expect({ code: error.code, message: error.message.replace(other, "other.onnx") }).toStrictEqual({ code, message });
});
