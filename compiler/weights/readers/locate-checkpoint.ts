/** Finds the weights in a folder as transformers' `save_pretrained` and the Hugging Face hub have it. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CheckpointError } from "./checkpoint-error.ts";
import { listNames } from "./list-names.ts";

export interface LocatedCheckpoint {
  readonly file: string;
  /** Other weights in the folder, which are not read. */
  readonly notRead: readonly string[];
}

/** In the order in which transformers looks for them. */
const expected = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
] as const;

/** What people have instead, and what to do with it. */
const advice: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^adapter_/, "an adapter is no whole model: merge it into its model (peft's merge_and_unload) and save that"],
  [/^(model|pytorch_model)-\d+-of-\d+\./, "its index, which tells the shards apart, is missing"],
  [/^checkpoint$/, "name the file checkpoint, if it is that of ONNX Runtime's training"],
  [/\.(h5|msgpack)$/, "weights of TensorFlow or Flax: save them for PyTorch"],
  [/\.(safetensors|pth|pt|bin|ckpt|npz|onnx)$/, "name the file itself"],
];

const namesIn = (folder: string): readonly string[] | undefined => {
  try {
    return statSync(folder).isDirectory() ? readdirSync(folder).sort() : undefined;
  } catch {
    // What is wrong with the path is told when it is opened.
    return undefined;
  }
};

/**
 * @param path a checkpoint, or a folder that holds one
 * @throws CheckpointError where the folder holds none
 */
export const locateCheckpoint = (path: string): LocatedCheckpoint => {
  const names = namesIn(path);
  if (!names) return { file: path, notRead: [] };
  const [first, ...rest] = expected.filter((name) => names.includes(name));
  if (first !== undefined) return { file: join(path, first), notRead: rest };
  const holds = names.length === 0 ? "it is empty" : `it holds ${listNames(names)}`;
  const what = advice.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
  throw new CheckpointError(
    path,
    `is a folder without weights as Hugging Face has them: none of ${expected.join(", ")}; ${holds}` +
      (what === undefined ? "" : `: ${what}`),
  );
};
