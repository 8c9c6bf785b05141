/**
 * Round numbers for an axis.
 * @returns multiples of 1, 2 or 5 times a power of ten within [from, to], about `count` of them
 */
export const niceTicks = (from: number, to: number, count = 5): number[] => {
  if (!(to > from)) return [from];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const [first, last] = [Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
};
