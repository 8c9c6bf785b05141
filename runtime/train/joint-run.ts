/**
 * A run of several ranks. Rank 0 prepares it as if it were alone, and has its folder; the others learn from it what to train on,
 * and look whether they have the same.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, statSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { version } from "../../compiler/artifact/version.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import type { Clip } from "../data/dataset.ts";
import { UnreadableClip } from "../data/unreadable-clips.ts";
import { selectDescribed } from "../devices/select-described.ts";
import { nameRank, type Ranks } from "../distributed/ranks.ts";
import type { Engine } from "../engine/engine.ts";
import { openClips } from "../evaluate/open-clips.ts";
import { graphDigest } from "../runs/run-config.ts";
import { UserError } from "../user-error.ts";
import type { Keeper } from "./keeper.ts";
import type { PreparedRun } from "./prepared-run.ts";
import { lostClip } from "./train.ts";
import { trainLoop } from "./train-loop.ts";

type Options = PreparedRun["options"];

/** What rank 0 tells of a run that is prepared. */
interface Announcement extends Pick<
  Options,
  "recipe" | "steps" | "clips" | "evaluationClips" | "testClips" | "folder"
> {
  /** The graph's path. */
  readonly graph: string;
  readonly device: Options["device"]["kind"];
  /** How far it is; undefined where it begins. */
  readonly progress: NonNullable<Options["checkpoint"]>["progress"] | undefined;
}

/** What must be the same on all ranks, by what messages call it. */
type Facts = Readonly<Record<"version" | "command" | "graph" | "clips", string>>;

const words: Readonly<Record<Exclude<keyof Facts, "clips">, string>> = {
  version: "is of another version",
  command: "was started with other options",
  graph: "has another graph",
};

const [missing, unreadable] = [-1, -2];

/** A file's bytes, where it is there and may be read. */
const sizeOf = ({ source }: Clip): number => {
  if (!("path" in source)) return 0;
  const { path } = source;
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return missing;
  try {
    accessSync(path, constants.R_OK);
    return size;
  } catch {
    return unreadable;
  }
};

const describeFile = (own: number, { name }: Clip, first: number): string => {
  if (own === missing) return `has no ${name}`;
  if (own === unreadable) return `may not read ${name}`;
  return `has another ${name} than rank 0: of ${own} bytes, not ${first}`;
};

/** Where a rank's files of clips are others than rank 0's. */
interface OtherClips {
  /** The first of them, and how many. */
  readonly index: number;
  readonly count: number;
  readonly size: number;
}

const compareSizes = (own: Float64Array, first: Float64Array): OtherClips => {
  const others = [...own.keys()].filter((index) => own[index] !== first[index]);
  const [index = -1] = others;
  return { index, count: others.length, size: own[index] ?? 0 };
};

/**
 * Called by all ranks, where not all have the same clips.
 * @param own of each clip's file
 * @throws UserError naming the first rank that has others than rank 0, and the first of these
 */
const refuseOtherClips = async (
  ranks: Ranks,
  clips: readonly Clip[],
  own: Float64Array<ArrayBuffer>,
): Promise<never> => {
  const [message] = await ranks.gather(new Uint8Array(ranks.rank === 0 ? own.buffer : []));
  const first = new Float64Array(message?.buffer ?? []);
  const found = (await ranks.gather(serialize(compareSizes(own, first)))).map(
    (bytes) => deserialize(bytes) as OtherClips,
  );
  const rank = found.findIndex(({ count }) => count > 0);
  const { index = -1, count = 0, size = 0 } = found[rank] ?? {};
  const clip = clips[index];
  if (!clip) throw new Error("clips that differ have no difference");
  const more = count > 1 ? `; so it is with ${count} of its ${clips.length} clips` : "";
  throw new UserError(
    "ranks-differ",
    { rank, host: ranks.hosts[rank], fact: "clips", clip: clip.name },
    `${nameRank(ranks, rank)} ${describeFile(size, clip, first[index] ?? 0)}${more}`,
  );
};

const optionsIn = (command: string): Readonly<Record<string, unknown>> =>
  JSON.parse(command) as Readonly<Record<string, unknown>>;

const show = (value: unknown): string => {
  if (value === undefined || value === null) return "not given";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** What a rank was asked to do otherwise than rank 0: the options' names, and both values in words. */
const differencesOf = (command: string, first: string) => {
  const [own, other] = [optionsIn(command), optionsIn(first)];
  const options = [...new Set([...Object.keys(other), ...Object.keys(own)])].filter(
    (name) => JSON.stringify(own[name]) !== JSON.stringify(other[name]),
  );
  const conflicts = options.map((name) => `is ${show(own[name])}, and ${show(other[name])} on rank 0`);
  return { options, conflicts };
};

/**
 * Called by all ranks.
 * @param command what this one was asked to do
 * @throws UserError, on all of them, naming the first that differs from rank 0
 */
const requireSame = async (
  ranks: Ranks,
  command: string,
  artifact: Options["artifact"],
  { clips, evaluationClips }: Pick<Options, "clips" | "evaluationClips">,
  engine: Engine,
): Promise<void> => {
  const all = [...clips, ...evaluationClips];
  const sizes = Float64Array.from(all, sizeOf);
  const own: Facts = {
    version: `specgraph ${version}, ONNX Runtime ${engine.version}, Node.js ${process.versions.node.split(".")[0]}`,
    command,
    graph: await graphDigest(artifact),
    clips: createHash("sha256").update(sizes).digest("hex"),
  };
  const facts = (await ranks.gather(serialize(own))).map((bytes) => deserialize(bytes) as Facts);
  const [first = own] = facts;
  for (const [rank, its] of facts.entries()) {
    const fact = (Object.keys(words) as (keyof typeof words)[]).find((name) => its[name] !== first[name]);
    if (fact === undefined) continue;
    const differences = fact === "command" ? differencesOf(its.command, first.command) : undefined;
    const details =
      fact === "version"
        ? `${its.version}, not ${first.version}`
        : differences?.options.map((name, index) => `${name} ${differences.conflicts[index]}`).join("; ");
    throw new UserError(
      "ranks-differ",
      { rank, host: ranks.hosts[rank], fact, ...differences },
      `${nameRank(ranks, rank)} ${words[fact]} than rank 0${details === undefined ? "" : `: ${details}`}`,
    );
  }
  if (facts.some(({ clips }) => clips !== own.clips)) await refuseOtherClips(ranks, all, sizes);
};

/**
 * Tells the other ranks of the run. Called by rank 0, whose others call `follow`.
 * @param command what it was asked to do
 */
export const announce = async (
  ranks: Ranks,
  { options }: PreparedRun,
  command: string,
  engine: Engine,
): Promise<void> => {
  const { artifact, recipe, steps, clips, evaluationClips, testClips, folder, device, checkpoint } = options;
  const announcement: Announcement = {
    recipe,
    steps,
    clips,
    evaluationClips,
    testClips,
    folder,
    graph: artifact.path,
    device: device.kind,
    progress: checkpoint?.progress,
  };
  await ranks.gather(serialize(announcement));
  await requireSame(ranks, command, artifact, options, engine);
};

/** Keeps nothing: rank 0 does. */
export const keepNothing: Keeper = {
  nameOf: () => null,
  record: () => undefined,
  saveGraph: () => Promise.resolve(),
  openGraph: () => Promise.reject(new Error("only rank 0 has graphs")),
  saveState: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/**
 * Trains with rank 0, as that one announces, to the end.
 * @param command what this one was asked to do
 * @throws UserError where it has something else than rank 0, or cannot do its part
 */
export const follow = async (ranks: Ranks, command: string, engine: Engine): Promise<void> => {
  const [message = new Uint8Array()] = await ranks.gather(new Uint8Array());
  const { graph, device: kind, progress, folder, ...run } = deserialize(message) as Announcement;
  const artifact = readWaveformArtifact(graph);
  await requireSame(ranks, command, artifact, run, engine);
  const { device } = await selectDescribed(kind);
  const { load, close } = openClips(artifact);
  const checkpoint = progress && { progress, states: new Map(), sums: new Map() };
  try {
    const options = {
      ...run,
      artifact,
      device,
      load,
      checkpoint,
      ranks,
      signal: ranks.signal,
      checkpointMinutes: Infinity,
    };
    for await (const _ of trainLoop(engine, options, () => keepNothing));
  } catch (error) {
    throw error instanceof UnreadableClip ? lostClip(error, folder) : error;
  } finally {
    await close();
  }
};
