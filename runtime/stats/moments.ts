/** Mean and spread of values that are seen once, in parts, in float64. */

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** The sum of squared differences from the mean. */
  readonly squares: number;
}

export const noMoments: Moments = { count: 0, mean: 0, squares: 0 };

/** Of values that are all the same. */
export const constantMoments = (count: number, value: number): Moments => ({ count, mean: value, squares: 0 });

export const momentsOf = (values: Float64Array): Moments => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count: values.length, mean, squares };
};

/** Of both parts together (Chan, Golub, LeVeque 1979). */
export const mergeMoments = (a: Moments, b: Moments): Moments => {
  const count = a.count + b.count;
  if (count === 0) return noMoments;
  const difference = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (difference * b.count) / count,
    squares: a.squares + b.squares + (difference ** 2 * a.count * b.count) / count,
  };
};

/** The unbiased estimate, as torch.std gives it. */
export const deviationOf = ({ count, squares }: Moments): number => Math.sqrt(squares / (count - 1));
