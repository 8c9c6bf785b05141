/** Mel scales: HTK's, which is Kaldi's, and Slaney's, which is linear up to 1 kHz. */

export const melOf = (hz: number): number => 1127 * Math.log(1 + hz / 700);
export const hzOf = (mel: number): number => 700 * (Math.exp(mel / 1127) - 1);

/** Where Slaney's becomes logarithmic, in Hz and in its mel, which are 200/3 Hz below; and the logarithm of a step above. */
const [breakHz, hzPerMel, logStep] = [1000, 200 / 3, Math.log(6.4) / 27];
const breakMel = breakHz / hzPerMel;

export const slaneyMelOf = (hz: number): number =>
  hz < breakHz ? hz / hzPerMel : breakMel + Math.log(hz / breakHz) / logStep;
export const slaneyHzOf = (mel: number): number =>
  mel < breakMel ? mel * hzPerMel : breakHz * Math.exp((mel - breakMel) * logStep);

/** In Hz: the lower edge of the first of `bins` filters, the middles of all, and the upper edge of the last. */
export const filterPlaces = (range: {
  readonly bins: number;
  readonly lowHz: number;
  readonly highHz: number;
  readonly isSlaney: boolean;
}): readonly number[] => {
  const { bins, lowHz, highHz, isSlaney } = range;
  const [melAt, hzAt] = isSlaney ? [slaneyMelOf, slaneyHzOf] : [melOf, hzOf];
  const [low, high] = [melAt(lowHz), melAt(highHz)];
  return Array.from({ length: bins + 2 }, (_, place) => hzAt(low + ((high - low) * place) / (bins + 1)));
};
