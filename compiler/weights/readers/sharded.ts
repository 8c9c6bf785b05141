/** Reads a checkpoint in several files: transformers' `model.safetensors.index.json` tells which file holds which tensor. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import type { ByteSource } from "./byte-source.ts";
import type { Checkpoint, TensorEntry } from "./checkpoint.ts";
import { CheckpointError, refuseAt } from "./checkpoint-error.ts";
import { listNames } from "./list-names.ts";
import { nameProblem } from "./name-problem.ts";

/** As long as the header of a safetensors file. */
const longestIndex = 2 ** 24;

const schema = v.object({ weight_map: v.record(v.string(), v.string()) });

const parse = (source: ByteSource): unknown => {
  try {
    return JSON.parse(source.read(0, source.size).toString("utf8"));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(source.path, "looks like JSON, but is not");
  }
};

/**
 * @param open reads one shard
 * @throws CheckpointError where the file is no index, or the shards are not those that it tells of
 */
export const readSharded = (source: ByteSource, open: (path: string) => Checkpoint): Checkpoint => {
  const refuse = refuseAt(source.path);
  if (source.size > longestIndex) refuse(`is no index of shards: it has ${source.size} bytes of JSON or text`);
  const parsed = v.safeParse(schema, parse(source));
  if (!parsed.success) return refuse("is JSON, but no index of shards (with a weight_map); expected a checkpoint");
  const places = Object.entries(parsed.output.weight_map);
  const shardNames = [...new Set(places.map(([, shard]) => shard))];
  const outward = places.find(([, shard]) => shard.includes("/") || nameProblem(shard) !== undefined);
  if (outward) {
    const [tensor, shard] = outward;
    refuse(`places tensor "${tensor}" in ${JSON.stringify(shard)}; expected the name of a file beside it`);
  }
  const pathOf = (shard: string): string => join(dirname(source.path), shard);
  const absent = shardNames.filter((shard) => !existsSync(pathOf(shard)));
  if (absent.length > 0)
    refuse(`${absent.length} of its ${shardNames.length} shards are missing: ${listNames(absent)}`);

  const shards = new Map(shardNames.map((shard) => [shard, open(pathOf(shard))]));
  const placed = new Map(places);
  for (const [shard, { tensors }] of shards) {
    const extra = [...tensors.keys()].filter((name) => placed.get(name) !== shard);
    if (extra.length > 0) refuse(`does not place in ${shard} what it holds: ${listNames(extra)}`);
  }
  const lacking = places.filter(([name, shard]) => !shards.get(shard)?.tensors.has(name));
  if (lacking.length > 0) {
    refuse(`places in ${lacking[0]?.[1]} what it does not hold: ${listNames(lacking.map(([name]) => name))}`);
  }
  const entries: readonly TensorEntry[] = places.flatMap(([name, shard]) => shards.get(shard)?.tensors.get(name) ?? []);
  return {
    format: "sharded",
    tensors: new Map(entries.map((entry) => [entry.name, entry])),
    objects: new Map([...shards.values()].flatMap(({ objects }) => [...objects])),
    metadata: new Map([...shards.values()].flatMap(({ metadata }) => [...metadata])),
  };
};
