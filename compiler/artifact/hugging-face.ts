/** A model as transformers' `from_pretrained` wants it. */
import * as v from "valibot";
import { count, flag, type Immutable, length, name, nameList, number, oneOf, real, record } from "./schemas.ts";

export const huggingFaceSchema = record({
  /** Per parameter its name on the hub; three names share a tensor in thirds of its first axis. */
  names: v.record(name, nameList, "an object of names"),
  /** config.json, but for the labels, which are the metadata's classes. */
  config: record({
    architectures: v.tuple([oneOf("ASTForAudioClassification")], "a list of ASTForAudioClassification"),
    model_type: oneOf("audio-spectrogram-transformer"),
    hidden_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    intermediate_size: count,
    hidden_act: oneOf("gelu"),
    layer_norm_eps: number(0, 1),
    patch_size: count,
    frequency_stride: count,
    time_stride: count,
    max_length: length,
    num_mel_bins: count,
    qkv_bias: flag,
    problem_type: oneOf("multi_label_classification", "single_label_classification"),
  }),
  /** preprocessor_config.json. */
  preprocessor: record({
    feature_extractor_type: oneOf("ASTFeatureExtractor"),
    do_normalize: flag,
    feature_size: count,
    max_length: length,
    mean: real,
    std: real,
    num_mel_bins: count,
    padding_side: oneOf("right"),
    padding_value: real,
    return_attention_mask: flag,
    sampling_rate: length,
  }),
});

export type HuggingFaceModel = Immutable<v.InferOutput<typeof huggingFaceSchema>>;
