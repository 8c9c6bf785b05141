import type { Random } from "./random.ts";

/** From the standard normal distribution: Box and Muller 1958. */
export const drawNormal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.uniform(0, 1))) * Math.cos(2 * Math.PI * random.uniform(0, 1));

/** Gamma of scale 1: Marsaglia and Tsang 2000; below shape 1 by its section 6. */
const drawGamma = (shape: number, random: Random): number => {
  if (shape < 1) return drawGamma(shape + 1, random) * (1 - random.uniform(0, 1)) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = drawNormal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform(0, 1)) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
};

/** From Beta(alpha, alpha), which is symmetric about 1/2. */
export const drawBeta = (alpha: number, random: Random): number => {
  const [a, b] = [drawGamma(alpha, random), drawGamma(alpha, random)];
  return a + b === 0 ? random.below(2) : a / (a + b); // both underflow where alpha is tiny
};
