import { AudioFault } from "./formats/audio-fault.ts";

const sampleRatesHz = { least: 1000, most: 1_000_000 };

/** @throws AudioFault */
export const requireRate = (sampleRateHz: number): void => {
  if (Number.isInteger(sampleRateHz) && sampleRateHz >= sampleRatesHz.least && sampleRateHz <= sampleRatesHz.most)
    return;
  throw new AudioFault(
    `its sample rate is ${sampleRateHz} Hz; expected ${sampleRatesHz.least} to ${sampleRatesHz.most} Hz`,
  );
};
