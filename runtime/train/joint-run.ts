/**
 * A run of several ranks. Rank 0 prepares it as if it were alone, and has its folder; the others learn from it what to train on,
 * and look whether they have the same.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
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

const words: Readonly<Record<keyof Facts, string>> = {
  version: "is of another version",
  command: "was started with other options",
  graph: "has another graph",
  clips: "has other clips, by their files' sizes",
};

const sizeOf = ({ source }: Clip): number => {
  if (!("path" in source)) return 0;
  return statSync(source.path, { throwIfNoEntry: false })?.size ?? -1;
};

const clipsDigest = (clips: readonly Clip[]): string => {
  const hash = createHash("sha256");
  for (const clip of clips) hash.update(`${clip.name} ${sizeOf(clip)}\n`);
  return hash.digest("hex");
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
  const own: Facts = {
    version: `specgraph ${version}, ONNX Runtime ${engine.version}, Node.js ${process.versions.node.split(".")[0]}`,
    command,
    graph: await graphDigest(artifact),
    clips: clipsDigest([...clips, ...evaluationClips]),
  };
  const all = (await ranks.gather(serialize(own))).map((bytes) => deserialize(bytes) as Facts);
  for (const [rank, facts] of all.entries()) {
    const name = (Object.keys(words) as (keyof Facts)[]).find((name) => facts[name] !== all[0]?.[name]);
    if (name === undefined) continue;
    const details = name === "version" || name === "command" ? `: ${facts[name]}, not ${all[0]?.[name]}` : "";
    throw new UserError(
      "ranks-differ",
      { rank, host: ranks.hosts[rank], fact: name },
      `${nameRank(ranks, rank)} ${words[name]} than rank 0${details}`,
    );
  }
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
