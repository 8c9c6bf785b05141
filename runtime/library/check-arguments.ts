/** Arguments, as programs without types may give them: each is looked at before anything is done. */
import * as v from "valibot";
import { printable } from "../../compiler/artifact/printable.ts";
import { flag, number, whole } from "../../compiler/artifact/schemas.ts";
import type { ClipSamples } from "../audio/clip-source.ts";
import { sampleFormats } from "../audio/formats/pcm/sample-formats.ts";
import { mostChannels } from "../audio/formats/pcm/stream-packets.ts";
import type { StreamedRecording } from "../audio/recording-source.ts";
import { deviceNames } from "../engine/device.ts";
import { UserError } from "../user-error.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import { shortenList } from "../text/shorten-list.ts";
import type { Chunks, ClassifyOptions, Clip, EmbedOptions, OpenOptions, Threshold } from "./model.ts";
import { openByteStream, openSampleStream, ownFloats } from "./open-stream.ts";

export const signal = v.instance(AbortSignal, "an AbortSignal");

export const device = v.picklist(deviceNames, "auto, cpu, webgpu or cuda");

export const openSchema = v.strictObject({
  device: v.optional(device),
  batch: v.optional(whole(1, 1024)),
  signal: v.optional(signal),
});
const embedSchema = v.strictObject({
  onNote: v.optional(
    v.custom<(note: string, clip: number) => void>((given) => typeof given === "function", "a function"),
  ),
  signal: v.optional(signal),
});
const explainSchema = v.strictObject({ top: v.optional(whole(0, 1e6)), signal: v.optional(signal) });
const reject = v.optional(number(0, 1));
const classifySchema = v.strictObject({ top: v.optional(whole(0, 1e6)), reject, signal: v.optional(signal) });

export const above0 = v.pipe(
  v.number("a number above 0"),
  v.finite("a number above 0"),
  v.gtValue(0, "a number above 0"),
);
const score = number(0, 1);
const smoothText = "an odd whole number of windows, 999 at most";
const listenSchema = v.strictObject({
  windowSeconds: v.optional(above0),
  hopSeconds: v.optional(above0),
  top: v.optional(whole(0, 1e6)),
  threshold: v.optional(
    v.union(
      [score, v.literal("best"), v.record(v.string(), score)],
      'a number from 0 to 1, "best", or an object with such a number for each class to hear',
    ),
  ),
  reject,
  merge: v.optional(flag),
  minSeconds: v.optional(number(0, Number.MAX_VALUE)),
  smooth: v.optional(
    v.pipe(
      v.number(smoothText),
      v.check((count) => Number.isSafeInteger(count) && count % 2 === 1 && count > 0 && count < 1000, smoothText),
    ),
  ),
  isLive: v.optional(flag),
  onNote: v.optional(v.custom<(note: string) => void>((given) => typeof given === "function", "a function")),
  signal: v.optional(signal),
});

/** As a message shows it: of what has no short text, its kind. */
export const show = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(printable(value.slice(0, 60)));
  if (value instanceof URL) return `the URL ${printable(value.href.slice(0, 60))}`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
};

/**
 * @param known the names of all
 * @throws UserError naming the first that is wrong
 */
export const checkOptions = <Schema extends v.GenericSchema>(
  schema: Schema,
  known: readonly string[],
  given: unknown,
): v.InferOutput<Schema> => {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new UserError("option-invalid", { option: "options" }, `is ${show(given)}; expected an object`);
  const parsed = v.safeParse(schema, given);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const { message, input, path } = issue;
  throw new UserError(
    "option-invalid",
    { option: printable(v.getDotPath(issue) ?? "options") },
    known.includes(String(path?.[0]?.key))
      ? `is ${show(input)}; expected ${message}`
      : `is no option; there are ${known.join(", ")}`,
  );
};

/** @throws UserError */
export const checkOpenOptions = (given: unknown): OpenOptions =>
  checkOptions(openSchema, Object.keys(openSchema.entries), given);

/** @throws UserError */
export const checkEmbedOptions = (given: unknown): EmbedOptions =>
  checkOptions(embedSchema, Object.keys(embedSchema.entries), given);

/** @throws UserError */
export const checkClassifyOptions = (given: unknown): ClassifyOptions =>
  checkOptions(classifySchema, Object.keys(classifySchema.entries), given);

/** @throws UserError */
export const checkExplainOptions = (given: unknown): v.InferOutput<typeof explainSchema> =>
  checkOptions(explainSchema, Object.keys(explainSchema.entries), given);

/** @throws UserError, where they contradict each other, too */
export const checkListenOptions = (given: unknown): v.InferOutput<typeof listenSchema> => {
  const options = checkOptions(listenSchema, Object.keys(listenSchema.entries), given);
  const { threshold, top } = options;
  const refuse = (option: string, sentence: string): never => {
    throw new UserError("option-invalid", { option }, sentence);
  };
  if (threshold !== undefined && top !== undefined) {
    refuse("top", "and threshold exclude each other: events are of all classes that reach it");
  }
  for (const option of ["merge", "minSeconds"] as const) {
    if (threshold === undefined && options[option] !== undefined)
      refuse(option, "is about events, which threshold makes");
  }
  return options;
};

const named = (classes: readonly string[]): string => shortenList(classes.map(printable), 10);

/** @throws UserError where a threshold is of a class that the model has not */
export const requireClasses = (classes: readonly string[], threshold: Threshold | undefined): void => {
  const unknown = Object.keys(typeof threshold === "object" ? threshold : {}).filter((name) => !classes.includes(name));
  if (unknown.length === 0) return;
  throw new UserError(
    "option-invalid",
    { option: "threshold", unknown },
    `names ${named(unknown)}, ${plural(unknown.length, "which is no class", "which are no classes")} of the model; it has ${named(classes)}`,
  );
};

/** What names files where this runs. */
export interface Paths {
  /** The path that is meant; undefined: none that can be opened. */
  readonly of: (given: string | URL) => string | undefined;
  /** For messages. */
  readonly expected: string;
}

/** @returns undefined where it is of another kind */
export const pathOrBytes = (paths: Paths, given: unknown): string | Uint8Array | undefined => {
  if (typeof given === "string" || given instanceof URL) return paths.of(given);
  if (given instanceof ArrayBuffer) return new Uint8Array(given);
  return given instanceof Uint8Array ? given : undefined;
};

type Fields = Readonly<Record<string, unknown>>;

const isChannels = (samples: unknown): samples is readonly Float32Array[] =>
  Array.isArray(samples) && samples.length > 0 && samples.every((each) => each instanceof Float32Array);

/** Refuses a clip or a recording. */
type Refuse = (sentence: string) => never;
const refusing =
  (path: string): Refuse =>
  (sentence) => {
    throw new UserError("argument-invalid", { path, argument: "clip" }, sentence);
  };

const rateOf = ({ sampleRateHz }: Fields, refuse: Refuse): number =>
  typeof sampleRateHz === "number"
    ? sampleRateHz
    : refuse(`its sampleRateHz is ${show(sampleRateHz)}; expected a number`);

const checkSound = (name: string, sound: Fields, refuse: Refuse): ClipSamples => {
  const { samples } = sound;
  const channels = samples instanceof Float32Array ? [samples] : samples;
  if (!isChannels(channels)) return refuse("its samples are no Float32Array, nor an array of them");
  const sampleRateHz = rateOf(sound, refuse);
  const lengths = channels.map(({ length }) => length);
  if (new Set(lengths).size > 1)
    return refuse(`its channels have ${lengths.join(", ")} samples; expected as many in each`);
  return { name, channels, sampleRateHz, frames: lengths[0] ?? 0 };
};

const isChunks = (given: unknown): given is Chunks<never> =>
  typeof given === "object" && given !== null && ("getReader" in given || Symbol.asyncIterator in given);

/** A stream of samples: bytes of a format that is told, or floats. */
const checkRaw = (name: string, stream: Chunks<never>, fields: Fields, refuse: Refuse): StreamedRecording => {
  const { channels = 1, sampleFormat } = fields;
  const sampleRateHz = rateOf(fields, refuse);
  const known = sampleFormats.find((format) => format === sampleFormat);
  if (sampleFormat !== undefined && known === undefined)
    refuse(`its sampleFormat is ${show(sampleFormat)}; expected ${sampleFormats.join(", ")}`);
  if (typeof channels !== "number" || !Number.isInteger(channels) || channels < 1 || channels > mostChannels)
    return refuse(`its channels are ${show(channels)}; expected a whole number from 1 to ${mostChannels}`);
  const raw = { sampleFormat: known ?? ownFloats, sampleRateHz, channels };
  const open = known === undefined ? openSampleStream : openByteStream;
  return { name, raw, open: () => open(name, stream) };
};

const checkStream = (name: string, fields: Fields): StreamedRecording => {
  const { stream, name: ownName = name } = fields;
  const refuse = refusing(typeof ownName === "string" ? ownName : name);
  if (typeof ownName !== "string") return refuse(`its name is ${show(ownName)}; expected a text`);
  if (!isChunks(stream)) return refuse(`its stream is ${show(stream)}; expected a stream or an async iterable`);
  for (const option of ["channels", "sampleFormat"]) {
    if (fields[option] !== undefined && fields["sampleRateHz"] === undefined)
      refuse(`it has ${option} and no sampleRateHz; expected both, of samples without a header`);
  }
  return fields["sampleRateHz"] === undefined
    ? { name: ownName, open: () => openByteStream(ownName, stream) }
    : checkRaw(ownName, stream, fields, refuse);
};

/** A clip or recording that is looked at, by its kind. */
export type Checked =
  | { readonly path: string }
  | { readonly name: string; readonly bytes: Uint8Array }
  | { readonly name: string; readonly blob: Blob }
  | { readonly sound: ClipSamples }
  | { readonly stream: StreamedRecording };

export const nameOf = (clip: Checked): string => {
  if ("path" in clip) return clip.path;
  if ("sound" in clip) return clip.sound.name;
  return "stream" in clip ? clip.stream.name : clip.name;
};

/**
 * @param name what messages call what is no file
 * @throws UserError
 */
export const checkClip = (paths: Paths, name: string, given: Clip): Checked => {
  const refuse = refusing(name);
  const clip = pathOrBytes(paths, given);
  if (typeof clip === "string") return { path: clip };
  if (clip !== undefined) return { name, bytes: clip };
  if (given instanceof Blob) return { name: given instanceof File ? given.name : name, blob: given };
  if (isChunks(given)) return { stream: { name, open: () => openByteStream(name, given) } };
  if (typeof given === "object" && given !== null) {
    if ("samples" in given) return { sound: checkSound(name, { ...given }, refuse) };
    if ("stream" in given) return { stream: checkStream(name, { ...given }) };
  }
  return refuse(
    `is ${show(given)}; expected ${paths.expected}, bytes, a stream, { samples, sampleRateHz }, or { stream, ... }`,
  );
};
