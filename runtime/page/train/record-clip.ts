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
    // Not every browser iterates over streams.
    const reader = stream.getReader();
    while (filled < samples.length) {
      const { done, value } = await reader.read();
      if (done) break;
      samples.set(value.subarray(0, samples.length - filled), filled);
      filled = Math.min(samples.length, filled + value.length);
    }
  } finally {
    close();
  }
  return new File([wavOf(samples.slice(0, filled), sampleRateHz)], `${name}.wav`, { type: "audio/wav" });
};
