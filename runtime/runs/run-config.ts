/** `config.json`: all that decides a run, and where it ran. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { dirname, relative, resolve } from "node:path";
import * as v from "valibot";
import { type Recipe, recipeSchema } from "../../compiler/artifact/recipe.ts";
import { objectiveSchema } from "../../compiler/artifact/metadata.ts";
import { version } from "../../compiler/artifact/version.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import type { Clip } from "../data/dataset.ts";
import type { Device } from "../engine/device.ts";
import { nodeEngine } from "../engine/node.ts";
import { readText } from "../files/read-text.ts";
import { writeText } from "../files/write-text.ts";
import { countSchema, parseJson } from "../text/json.ts";
import { UserError } from "../user-error.ts";

const formatVersion = 1;

/** What decides a run: the same values give the same losses. Paths are as the user gave them. */
const runSchema = v.object({
  graph: v.object({ path: v.string(), sha256: v.string() }),
  data: v.nullable(v.string()),
  labels: v.nullable(v.string()),
  fold: v.nullable(countSchema),
  evalData: v.nullable(v.string()),
  /** Which of these are lists of a program's: their paths are relative to what stands in their places. */
  lists: v.optional(v.array(v.picklist(["data", "evalData"]))),
  /** How many clips there are, and a digest of their names and classes. */
  clips: v.object({ train: countSchema, evaluation: countSchema, test: v.optional(countSchema), sha256: v.string() }),
  /** Null: as many as the steps take. */
  epochs: v.nullable(countSchema),
  /** Null: as many as the epochs take. */
  steps: v.nullable(countSchema),
  batch: countSchema,
  learningRate: v.number(),
  seed: countSchema,
  device: v.picklist(["cpu", "webgpu", "cuda"]),
});

const leftOutSchema = v.object({
  /** Relative to the run's folder, or absolute as it was given. */
  clip: v.string(),
  reason: v.string(),
});

const { schedule, accumulate, precision, sampling, augmentation } = recipeSchema.entries;

const configSchema = v.object({
  formatVersion: v.literal(formatVersion),
  run: runSchema,
  /** Clips that cannot be read, which the run does without. */
  leftOut: v.optional(v.array(leftOutSchema), []),
  /** The run's own, absolute, when it began; older runs do not tell. */
  folder: v.optional(v.string()),
  /** What the paths of `run` and `command` are relative to. */
  workingDirectory: v.string(),
  command: v.array(v.string()),
  // What is told to people; nothing of it decides the run.
  startedAt: v.string(),
  model: v.looseObject({
    specName: v.string(),
    specHash: v.string(),
    objective: objectiveSchema,
    classes: v.array(v.string()),
    parameters: v.number(),
  }),
  recipe: v.looseObject({
    schedule,
    accumulate,
    precision,
    sampling,
    // Older runs do not tell it in words.
    augmentation: v.fallback(augmentation, []),
  }),
  environment: v.object({
    specgraph: v.optional(v.string(), "unknown"),
    node: v.string(),
    onnxruntime: v.optional(v.string(), "unknown"),
    platform: v.string(),
    cpu: v.string(),
    cores: v.number(),
    memoryBytes: v.number(),
    device: v.string(),
  }),
});

export type Run = v.InferOutput<typeof runSchema>;
export type LeftOut = Readonly<v.InferOutput<typeof leftOutSchema>>;
export type RunConfig = v.InferOutput<typeof configSchema>;

/** Stands for all that decides a run, in its checkpoint; but for its epochs, of which there may become more. */
export const runDigest = (run: Run): string =>
  createHash("sha256")
    .update(JSON.stringify({ ...run, epochs: undefined }))
    .digest("hex");

/** SHA-256 of a graph and its data file. */
export const graphDigest = async ({ path, dataFiles }: Artifact): Promise<string> => {
  const hash = createHash("sha256");
  for (const file of [path, ...dataFiles.map((file) => file.path)]) {
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
};

/** SHA-256 of the clips' order, places relative to the data, and classes. */
export const clipsDigest = (
  parts: readonly { readonly clips: readonly Clip[]; readonly data: string | undefined }[],
): string => {
  const hash = createHash("sha256");
  for (const { clips, data } of parts) {
    for (const { name, source, classIndices } of clips) {
      const place = "path" in source ? relative(resolve(data ?? "."), resolve(source.path)) : name;
      hash.update(JSON.stringify([place, classIndices]));
    }
    hash.update("\n");
  }
  return hash.digest("hex");
};

const describeEnvironment = (device: Device) => ({
  specgraph: version,
  node: process.version,
  onnxruntime: nodeEngine.version,
  platform: `${platform()} ${arch()}`,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryBytes: totalmem(),
  device: device.name,
});

/**
 * @param context for people and reports: what is trained and on what; nothing of it decides the run
 * @throws UserError where it cannot be written
 */
export const writeConfig = async (
  path: string,
  { run, leftOut, command }: Pick<RunConfig, "run" | "leftOut" | "command">,
  context: { readonly artifact: Artifact; readonly recipe: Recipe; readonly device: Device },
): Promise<void> => {
  const { specName, specHash, objective, classes, sampleRateHz, parameters } = context.artifact.metadata;
  const content = {
    formatVersion,
    run,
    leftOut,
    folder: resolve(dirname(path)),
    workingDirectory: process.cwd(),
    command,
    startedAt: new Date().toISOString(),
    model: { specName, specHash, objective, classes, sampleRateHz, parameters },
    recipe: context.recipe,
    environment: describeEnvironment(context.device),
  };
  await writeText(path, `${JSON.stringify(content, null, 2)}\n`);
};

/** @throws UserError where it cannot be read or is no config of a run */
export const readConfig = (path: string): RunConfig => {
  const config = parseJson(configSchema, readText(path));
  if (config) return config;
  throw new UserError("config-foreign", { path }, "not what a training of this runtime's version wrote");
};

/**
 * Changes what of a run may become another: how many epochs it has, and which clips it does without.
 * @throws UserError where the file cannot be read or written
 */
export const changeConfig = async (
  path: string,
  { epochs, leftOut }: { readonly epochs: number | null; readonly leftOut: readonly LeftOut[] },
): Promise<void> => {
  const config = readConfig(path);
  const recipe = epochs === null ? config.recipe : { ...config.recipe, epochs };
  const changed = { ...config, run: { ...config.run, epochs }, leftOut, recipe };
  await writeText(path, `${JSON.stringify(changed, null, 2)}\n`);
};
