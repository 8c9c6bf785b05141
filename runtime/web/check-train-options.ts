/** The options of a training in a tab, as programs without types may give them. */
import * as v from "valibot";
import { quoted } from "../../compiler/artifact/printable.ts";
import { count, length, whole } from "../../compiler/artifact/schemas.ts";
import { above0, checkClip, checkOptions, type Checked, openSchema } from "../library/check-arguments.ts";
import { UserError } from "../user-error.ts";
import { expectedFile, isFile, webPaths } from "./graph-files.ts";
import type { WebGraph } from "./open.ts";
import type { Progress, WebTrainOptions } from "./training.ts";

const expectedClass = "{ name, clips }";
const classSchema = v.strictObject(
  {
    name: v.pipe(v.string("a text"), v.nonEmpty("a text that is not empty")),
    clips: v.array(v.unknown(), "an array of clips"),
    evaluation: v.optional(v.array(v.unknown(), "an array of clips")),
  },
  expectedClass,
);
const schema = v.strictObject({
  classes: v.array(classSchema, `an array of ${expectedClass}`),
  data: v.optional(v.custom<WebGraph>(isFile, expectedFile)),
  epochs: v.optional(length),
  steps: v.optional(length),
  batch: v.optional(count),
  learningRate: v.optional(above0),
  seed: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
  device: openSchema.entries.device,
  signal: openSchema.entries.signal,
  onProgress: v.optional(v.custom<(progress: Progress) => void>((given) => typeof given === "function", "a function")),
});

/** A clip, and what it is of and for. */
export interface ListedClip {
  readonly clip: Checked;
  readonly classIndex: number;
  readonly split: "train" | "validation" | undefined;
}

export interface CheckedTraining extends Omit<v.InferOutput<typeof schema>, "classes"> {
  /** Their names. */
  readonly classes: readonly string[];
  readonly clips: readonly ListedClip[];
}

const refuse = (option: string, sentence: string): never => {
  throw new UserError("option-invalid", { option }, sentence);
};

/** Each is read once more where training goes on after its device was lost. */
const checkTrainingClip = (place: string, given: unknown): Checked => {
  const clip = checkClip(webPaths, place, given as never);
  return "stream" in clip ? refuse(place, "is a stream, which is heard once alone; expected a file or samples") : clip;
};

/** @throws UserError */
export const checkTrainOptions = (given: WebTrainOptions): CheckedTraining => {
  const { classes, ...options } = checkOptions(schema, Object.keys(schema.entries), given);
  if (classes.length < 2) {
    const told = classes.length === 0 ? "names no class" : `names ${quoted(classes[0]?.name ?? "")} alone`;
    refuse("classes", `${told}; training tells classes apart and needs two or more`);
  }
  const names = classes.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse("classes", `names ${quoted(twice)} twice`);
  const empty = classes.findIndex(({ clips }) => clips.length === 0);
  if (empty >= 0) refuse(`classes[${empty}].clips`, `is empty; expected clips of ${quoted(names[empty] ?? "")}`);

  const isSplit = classes.some(({ evaluation }) => evaluation !== undefined && evaluation.length > 0);
  const clips = classes.flatMap(({ clips, evaluation = [] }, classIndex) => {
    const listed = (key: string, all: readonly unknown[], split: ListedClip["split"]): readonly ListedClip[] =>
      all.map((clip, index) => ({
        clip: checkTrainingClip(`classes[${classIndex}].${key}[${index}]`, clip),
        classIndex,
        split,
      }));
    return [
      ...listed("clips", clips, isSplit ? "train" : undefined),
      ...listed("evaluation", evaluation, "validation"),
    ];
  });
  return { ...options, classes: names, clips };
};
