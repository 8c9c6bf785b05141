/** Kaldi's mel scale. */
export const melOf = (hz: number): number => 1127 * Math.log(1 + hz / 700);
export const hzOf = (mel: number): number => 700 * (Math.exp(mel / 1127) - 1);
