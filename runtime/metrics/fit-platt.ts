/** A class's own scale and offset. */
export interface Platt {
  readonly scale: number;
  readonly offset: number;
}

const maxSteps = 100;
const smallestStep = 1e-10;
const tolerance = 1e-9;
/** Keeps the Hessian invertible. */
const ridge = 1e-12;

/**
 * sigmoid(scale * logit + offset) of the least loss, by Newton's method with backtracking (Lin, Lin, Weng 2007), on the targets of
 * Platt 1999: (N+ + 1) / (N+ + 2) and 1 / (N- + 2), by which classes that can be told apart without error have a finite scale.
 * As scikit-learn's `_sigmoid_calibration`, whose signs are the opposite.
 */
export const fitPlatt = (logits: readonly number[], isOfClass: readonly boolean[]): Platt => {
  const positives = isOfClass.filter(Boolean).length;
  const negatives = isOfClass.length - positives;
  const targets = isOfClass.map((is) => (is ? (positives + 1) / (positives + 2) : 1 / (negatives + 2)));
  const lossOf = ({ scale, offset }: Platt): number =>
    logits.reduce((sum, x, at) => {
      const z = scale * x + offset;
      return sum + Math.max(z, 0) - z * (targets[at] ?? 0) + Math.log1p(Math.exp(-Math.abs(z)));
    }, 0);
  let at: Platt = { scale: 0, offset: Math.log((positives + 1) / (negatives + 1)) };
  let loss = lossOf(at);
  for (let step = 0; step < maxSteps; step++) {
    let [g0, g1, h00, h01, h11] = [0, 0, ridge, 0, ridge];
    for (const [index, x] of logits.entries()) {
      const p = 1 / (1 + Math.exp(-(at.scale * x + at.offset)));
      const error = p - (targets[index] ?? 0);
      const weight = p * (1 - p);
      g0 += error * x;
      g1 += error;
      h00 += weight * x * x;
      h01 += weight * x;
      h11 += weight;
    }
    if (Math.max(Math.abs(g0), Math.abs(g1)) < tolerance) break;
    const determinant = h00 * h11 - h01 * h01;
    const [d0, d1] = [-(h11 * g0 - h01 * g1) / determinant, -(h00 * g1 - h01 * g0) / determinant];
    let size = 1;
    for (; size >= smallestStep; size /= 2) {
      const next = { scale: at.scale + size * d0, offset: at.offset + size * d1 };
      const nextLoss = lossOf(next);
      if (nextLoss < loss + 1e-4 * size * (g0 * d0 + g1 * d1)) {
        [at, loss] = [next, nextLoss];
        break;
      }
    }
    if (size < smallestStep) break;
  }
  return at;
};
