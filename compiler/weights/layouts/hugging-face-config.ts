/** The config.json that transformers keeps beside a model's weights. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { patchesAlong, type SourceGeometry } from "../geometry.ts";
import { CheckpointError } from "../readers/checkpoint-error.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Fields that a config leaves out have transformers' defaults. */
const picture = v.object({ model_type: v.picklist(["vit", "deit"]), num_attention_heads: v.optional(count, 12) });
const spectrogram = v.object({
  model_type: v.literal("audio-spectrogram-transformer"),
  num_attention_heads: v.optional(count, 12),
  patch_size: v.optional(count, 16),
  frequency_stride: v.optional(count, 10),
  time_stride: v.optional(count, 10),
  max_length: v.optional(count, 1024),
  num_mel_bins: v.optional(count, 128),
});
const schema = v.variant("model_type", [picture, spectrogram]);
const knownTypes: ReadonlySet<unknown> = new Set(["vit", "deit", "audio-spectrogram-transformer"]);

const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new CheckpointError(path, `${reason}, but lies beside a Hugging Face checkpoint; replace or remove it`);
  }
};

/**
 * @param checkpoint the file beside which a config.json may lie
 * @returns nothing where there is none, or that of another kind of model
 * @throws CheckpointError where it is broken
 */
export const readHuggingFaceConfig = (checkpoint: string): SourceGeometry => {
  const path = join(dirname(checkpoint), "config.json");
  if (!existsSync(path)) return {};
  const json = readJson(path);
  if (!knownTypes.has((json as { readonly model_type?: unknown } | null)?.model_type)) return {};
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new CheckpointError(path, `has an impossible ${v.getDotPath(issue)}: ${issue.received}`);
  }
  const config = parsed.output;
  if (config.model_type !== "audio-spectrogram-transformer") return { heads: config.num_attention_heads };
  const { num_mel_bins: bins, max_length: frames, patch_size: patch } = config;
  return {
    heads: config.num_attention_heads,
    grid: {
      rows: patchesAlong(bins, patch, config.frequency_stride),
      columns: patchesAlong(frames, patch, config.time_stride),
    },
    positions: ["cls", "dist", "patches"],
  };
};
