/** `clips.jsonl`: the clips that a run began with, what each is for, and what tells it from others. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import * as v from "valibot";
import { countSchema, parseJson } from "../text/json.ts";
import { readFailure } from "../files/read-failure.ts";
import { groupsOf } from "../data/batches.ts";
import type { Clip, ClipSource } from "../data/dataset.ts";
import type { SplitClips } from "../data/split-clips.ts";
import { writeText } from "../files/write-text.ts";
import { UserError } from "../user-error.ts";
import { fromRunPath, toRunPath } from "./run-places.ts";

export interface RunClips extends SplitClips {
  /** Of the clips that are files. */
  readonly fingerprints: ReadonlyMap<Clip, string>;
}

const parts = ["train", "evaluation", "test"] as const;

const lineSchema = v.object({
  split: v.picklist(parts),
  classes: v.array(v.string()),
  /** Relative to the run's folder, or absolute as it was given. */
  path: v.optional(v.string()),
  fingerprint: v.optional(v.string()),
  name: v.optional(v.string()),
  sound: v.optional(v.object({ kind: v.string(), index: countSchema, seed: countSchema })),
});
type Line = v.InferOutput<typeof lineSchema>;

/** Of a million clips the text is larger than a string may be. */
const linesPerPart = 10_000;

function* inParts(lines: readonly string[]): Generator<string, void, undefined> {
  for (const group of groupsOf(lines, linesPerPart)) yield `${group.join("\n")}\n`;
}

/**
 * @param folder the run's
 * @throws UserError where the file cannot be written
 */
export const writeRunClips = async (
  { path: folder, clips: path }: { readonly path: string; readonly clips: string },
  clips: RunClips,
  classes: readonly string[],
): Promise<void> => {
  const place = (source: ClipSource, name: string): Partial<Line> => {
    if ("sound" in source) return { name, sound: source.sound };
    return { path: toRunPath(folder, source.path) };
  };
  const lines = parts.flatMap((split) =>
    clips[split].map((clip) => {
      const { name, source, classIndices } = clip;
      const fingerprint = clips.fingerprints.get(clip);
      const labels = classIndices.map((index) => classes[index] ?? "");
      return JSON.stringify({ split, classes: labels, ...place(source, name), fingerprint });
    }),
  );
  await writeText(path, inParts(lines));
};

const sourceOf = ({ path, sound, name }: Line, folder: string): Pick<Clip, "name" | "source"> | undefined => {
  if (path !== undefined) {
    const there = fromRunPath(folder, path);
    return { name: there, source: { path: there } };
  }
  return sound && name !== undefined ? { name, source: { sound } } : undefined;
};

/**
 * @param folder the run's
 * @throws UserError where the file cannot be read, or is not what a training wrote
 */
export const readRunClips = async (
  { path: folder, clips: path }: { readonly path: string; readonly clips: string },
  classes: readonly string[],
): Promise<RunClips> => {
  const indices = new Map(classes.map((name, index) => [name, index]));
  const found = { train: [] as Clip[], evaluation: [] as Clip[], test: [] as Clip[] };
  const fingerprints = new Map<Clip, string>();
  let number = 0;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  try {
    for await (const text of lines) {
      number += 1;
      const line = parseJson(lineSchema, text);
      const source = line && sourceOf(line, folder);
      const classIndices = line?.classes.flatMap((name) => indices.get(name) ?? []);
      if (!line || !source || classIndices?.length !== line.classes.length) {
        throw new UserError(
          "file-damaged",
          { path, line: number },
          "the file is damaged: this line is not a clip of a training",
        );
      }
      const clip: Clip = { ...source, classIndices };
      found[line.split].push(clip);
      if (line.fingerprint !== undefined) fingerprints.set(clip, line.fingerprint);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw readFailure(path, error);
  }
  return { ...found, fingerprints };
};
