/** `runtime similar`. */
import { existsSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { createClipNotes } from "../audio/create-clip-survey.ts";
import { loadAhead } from "../data/load-ahead.ts";
import { takeLock } from "../files/process-lock.ts";
import { readFailure } from "../files/read-failure.ts";
import type { Model } from "../library/model.ts";
import { open } from "../library/open.ts";
import { isWithin, listRecordings } from "../recordings/list-recordings.ts";
import { findNearest, type Neighbour, toUnit } from "../similarity/find-nearest.ts";
import { graphIdentity } from "../similarity/graph-identity.ts";
import { type ClipIndex, type IndexedClip, type IndexedGraph, readIndex } from "../similarity/index-file.ts";
import { openIndex } from "../similarity/open-index.ts";
import { createProgress } from "../text/create-progress.ts";
import { orUserError, UserError } from "../user-error.ts";
import { type Command, type ExitCode, exitCodes } from "./command.ts";
import { describeFailure } from "./describe-failure.ts";
import { commonOptions, deviceOption, parseOptions, type Usage } from "./options.ts";
import { programName } from "../../compiler/artifact/files/program-name.ts";
import type { Output } from "./output.ts";
import { describeChoice } from "./describe-choice.ts";

const defaultTop = 5;
/** An interruption, even a kill, takes no more than so much. */
const saveEveryMs = 60_000;

const options = {
  add: {
    kind: "flag",
    help: "add the clips to the index, which is made if it is not there, instead of looking for others",
  },
  top: { kind: "integer", value: "N", least: 1, help: `clips to find for each (default: ${defaultTop})` },
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "similar",
  synopsis: "GRAPH INDEX CLIP|FOLDER|PATTERN... [options]",
  description: `Finds the clips of an index that sound most alike to the graph: those whose embeddings, what its last layer takes, point in
the most similar directions (cosine, 1 at most). The search is exact. An index is of one graph. What is added stays when the
command is stopped, and clips that are in the index already are passed by.`,
  operands: [
    ["GRAPH", "a graph.onnx, compiled or trained"],
    ["INDEX", "a file of embeddings, which --add makes"],
    ["CLIP", "an audio file"],
    ["FOLDER", "all files in it and in its folders that are called as sound is"],
    ["PATTERN", 'those that match, such as "night/**/*.wav", in quotes'],
  ],
  options,
  examples: [
    "runtime similar runs/birds/graph.onnx birds.index --add clips/",
    "runtime similar runs/birds/graph.onnx birds.index unknown.wav --top 10",
  ],
};

interface Call {
  readonly model: Model;
  readonly graph: IndexedGraph;
  readonly index: string;
  readonly paths: readonly string[];
  readonly output: Output;
  readonly signal: AbortSignal;
}

const describeClip = async (path: string): Promise<IndexedClip> => {
  const { size: bytes, mtimeMs: modified } = await stat(path).catch((error: unknown) => {
    throw readFailure(path, error);
  });
  return { path: resolve(path), bytes, modified };
};

interface Embedded {
  readonly path: string;
  readonly clip: IndexedClip;
  /** Undefined where it is not needed. */
  readonly embedding: Float32Array | undefined;
}

/** The embeddings of clips, of length 1, in their order; the next clips are read while one is computed. What cannot be read is told. */
async function* embedClips(
  { model, paths, output }: Call,
  isNeeded: (clip: IndexedClip) => boolean,
  fail: (path: string, error: UserError) => void,
): AsyncGenerator<Embedded, void, undefined> {
  const notes = createClipNotes();
  const embed = async (path: string): Promise<Embedded> => {
    const clip = await describeClip(path);
    if (!isNeeded(clip)) return { path, clip, embedding: undefined };
    const vector = await model.embed(path, { onNote: (note) => notes.add(path, [note]) });
    return { path, clip, embedding: toUnit(vector) };
  };
  const answers = loadAhead(paths, async (path) => ({ path, answer: await orUserError(() => embed(path)) }));
  for await (const { path, answer } of answers) {
    if (answer instanceof UserError) fail(path, answer);
    else yield answer;
  }
  for (const note of notes.describe()) output.note(note);
}

/** Failures of clips, which end nothing. */
const createFailures = (output: Output) => {
  let count = 0;
  return {
    count: () => count,
    fail: (path: string, error: UserError): void => {
      count += 1;
      output.json({ clip: path, error: describeFailure(error) });
      output.note(printable(describeFailure(error)));
    },
  };
};

const add = async (call: Call): Promise<ExitCode> => {
  const { graph, index, paths, output, signal } = call;
  const growing = await openIndex(index, graph);
  const before = growing.clips();
  const failures = createFailures(output);
  const progress = createProgress(paths.length, 1, output.terminal);
  const fail = (path: string, error: UserError): void => {
    progress.clear();
    failures.fail(path, error);
  };
  let [put, known, saved] = [0, 0, performance.now()];
  try {
    for await (const { path, clip, embedding } of embedClips(call, (each) => !growing.has(each), fail)) {
      if (embedding) {
        growing.put(clip, embedding);
        put += 1;
      } else known += 1;
      progress.update(put + known + failures.count(), path);
      if (signal.aborted) break;
      if (performance.now() - saved < saveEveryMs) continue;
      await growing.save();
      saved = performance.now();
    }
  } finally {
    progress.clear();
    if (put > 0) await growing.save();
  }
  const clips = growing.clips();
  output.json({
    index,
    clips,
    added: clips - before,
    renewed: put - (clips - before),
    known,
    failed: failures.count(),
  });
  const told = [
    `${clips - before} added`,
    ...(put > clips - before ? [`${put - (clips - before)} renewed`] : []),
    ...(known > 0 ? [`${known} there already`] : []),
    ...(failures.count() > 0 ? [`${failures.count()} cannot be read`] : []),
  ];
  output.result(`${index}: ${clips} ${plural(clips, "clip")} (${told.join(", ")})`);
  if (signal.aborted) return exitCodes.interrupted;
  return failures.count() > 0 ? exitCodes.userError : exitCodes.done;
};

/** As a user would name it from here. */
const nameFromHere = (path: string): string => (isWithin(process.cwd(), path) ? relative(process.cwd(), path) : path);

const printNeighbours = (path: string, found: readonly Neighbour[], output: Output): void => {
  const neighbours = found.map(({ clip, similarity }) => ({
    clip: nameFromHere(clip.path),
    similarity,
    isMissing: !existsSync(clip.path),
  }));
  output.json({ clip: path, nearest: neighbours });
  const rows = neighbours.map(({ clip, similarity, isMissing }) => [
    `  ${formatFigure(similarity)}`,
    `${printable(clip)}${isMissing ? " (the file is not there any more)" : ""}`,
  ]);
  output.result(`${printable(path)}\n${formatTable(rows, "left")}`);
};

/** Clips that are looked up in one pass over the index. */
const queriesAtOnce = 64;

const find = async (call: Call, held: ClipIndex, top: number): Promise<ExitCode> => {
  const { index, output, signal } = call;
  const failures = createFailures(output);
  let waiting: { readonly path: string; readonly embedding: Float32Array; readonly excludes: string }[] = [];
  const answer = async (): Promise<void> => {
    const found = await findNearest(index, held, waiting, top);
    for (const [number, { path }] of waiting.entries()) printNeighbours(path, found[number] ?? [], output);
    waiting = [];
  };
  for await (const { path, clip, embedding } of embedClips(call, () => true, failures.fail)) {
    if (embedding) waiting.push({ path, embedding, excludes: clip.path });
    if (waiting.length === queriesAtOnce) await answer();
    if (signal.aborted) return exitCodes.interrupted;
  }
  if (waiting.length > 0) await answer();
  return failures.count() > 0 ? exitCodes.userError : exitCodes.done;
};

/** Two processes that add to an index at once would lose what one of them adds. */
const lockedAdd = async (call: Call): Promise<ExitCode> => {
  const lock = `${call.index}.lock`;
  const owner = takeLock(lock);
  if (owner !== undefined)
    throw new UserError("index-in-use", { path: call.index, process: owner }, `process ${owner} is adding clips to it`);
  try {
    return await add(call);
  } finally {
    await rm(lock, { force: true });
  }
};

export const similarCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [path, index, ...named] = operands;
    if (path === undefined || index === undefined || named.length === 0) {
      throw new UserError(
        "usage",
        {},
        `${programName} similar takes a graph, an index and one clip or more; see ${programName} similar --help`,
      );
    }
    const { add: adds = false, top, device } = values;
    if (adds && top !== undefined)
      throw new UserError(
        "usage",
        {},
        "--top and --add exclude each other: nothing is looked for while clips are added",
      );
    const artifact = readWaveformArtifact(path);
    const graph = { identity: await graphIdentity(artifact), name: artifact.metadata.specName };
    const held = adds ? undefined : await readIndex(index, graph);
    const listed = await listRecordings(named);
    const model = await open(path, { device });
    try {
      if (device !== "cpu") output.progress(describeChoice({ device: model.device, reason: model.device.reason }));
      listed.notes.forEach(output.note);
      for (const { error } of listed.failures) output.note(printable(describeFailure(error)));
      const call = { model, graph, index, paths: listed.recordings.map((each) => each.path), output, signal };
      const exit = held ? await find(call, held, top ?? defaultTop) : await lockedAdd(call);
      return exit === exitCodes.done && listed.failures.length > 0 ? exitCodes.userError : exit;
    } finally {
      await model.close();
    }
  },
};
