import { UserError } from "../user-error.ts";

/** What is said of a clip that holds no frame of the model. */
export const clipTooShort = (
  { samples, ...where }: { readonly samples: number; readonly path?: string },
  { sampleRateHz, minSamples }: { readonly sampleRateHz: number; readonly minSamples: number },
): UserError =>
  new UserError(
    "clip-too-short",
    { ...where, samples, minSamples, sampleRateHz },
    `the clip has ${samples} samples at ${sampleRateHz} Hz; the model needs ${minSamples} or more (${(minSamples / sampleRateHz) * 1000} ms)`,
  );
