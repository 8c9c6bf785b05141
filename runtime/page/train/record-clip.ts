/** A clip of the microphone's. */
import { openMicrophone } from "../parts/microphone.ts";
import { wavOf } from "../parts/save-file.ts";

/**
 * Records so many seconds, to the sample.
 * @throws MicrophoneProblem where there is no sound
 */
export const recordClip = async (name: string, seconds: number): Promise<File> => {
  const { stream, sampleRateHz, close } = await openMicrophone();
  const samples = new Float32Array(Math.round(seconds * sampleRateHz));
  let filled = 0;
  try {
    for await (const block of stream) {
      samples.set(block.subarray(0, samples.length - filled), filled);
      filled = Math.min(samples.length, filled + block.length);
      if (filled === samples.length) break;
    }
  } finally {
    close();
  }
  return new File([wavOf(samples.slice(0, filled), sampleRateHz)], `${name}.wav`, { type: "audio/wav" });
};
