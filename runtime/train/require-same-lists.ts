import { resolve } from "node:path";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Clip } from "../data/dataset.ts";
import { fileOf } from "../data/file-of.ts";
import { type Data, type GivenClips, nameOfData } from "../data/sources/given-clips.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { UserError } from "../user-error.ts";
import { allOf, type GatheredClips } from "./gather-clips.ts";
import type { RunOptions } from "./run-options.ts";

const isList = (data: Data | undefined): data is GivenClips => typeof data === "object" && data.clips !== undefined;

const labelsOf = ({ classIndices }: Clip): string => String([...classIndices].sort((a, b) => a - b));

/**
 * Where a run goes on, and its clips are listed once more: they are to be those that it knows.
 * @param own the run's options
 * @throws UserError naming the first that is not
 */
export const requireSameLists = async (
  run: string,
  given: RunOptions,
  own: RunOptions,
  { clips, leftOut }: GatheredClips,
  { classes, objective }: ArtifactMetadata,
): Promise<void> => {
  const lists = [given.data, given.evalData].filter(isList);
  if (lists.length === 0) return;
  const datasets = await Promise.all(lists.map((data) => readDataset({ classes, objective, data, skipBad: true })));
  const listed = new Map(datasets.flatMap((dataset) => dataset.clips.map((clip) => [fileOf(clip), clip] as const)));
  const known = new Map(allOf(clips).map((clip) => [fileOf(clip), clip]));
  const missed = new Set(leftOut.map(({ clip }) => resolve(clip)));
  const refuse = ({ name }: Clip, what: string): never => {
    const path = nameOfData(lists[0]);
    throw new UserError(
      "clips-changed",
      { path, run, clip: name },
      `not those that ${run} was started with: ${name} ${what}`,
    );
  };
  for (const [file, clip] of listed) {
    const then = known.get(file);
    if (!then && !missed.has(file)) refuse(clip, "is none of them");
    if (then && labelsOf(then) !== labelsOf(clip)) refuse(clip, "has other labels");
  }
  const isWhole = [own.data, own.evalData].every(
    (data, index) => data === undefined || (index === 0 ? isList(given.data) : isList(given.evalData)),
  );
  const lost = isWhole ? [...known].find(([file]) => !listed.has(file)) : undefined;
  if (lost) refuse(lost[1], "is missing");
};
