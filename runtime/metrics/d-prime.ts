/** Quantiles of the normal distribution: Wichura 1988, algorithm AS 241 (PPND16), relative error about 1e-16. */

const central = {
  numerator: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  denominator: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
};
const tail = {
  numerator: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 7.745450142783414e-4,
  ],
  denominator: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    5.475938084995345e-4, 1.0507500716444169e-9,
  ],
};
const farTail = {
  numerator: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  denominator: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 7.868691311456133e-4, 1.8463183175100548e-5,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
const ratio = ({ numerator, denominator }: typeof central, x: number): number =>
  polynomial(numerator, x) / polynomial(denominator, x);

const normalQuantile = (probability: number): number => {
  const fromCentre = probability - 0.5;
  if (Math.abs(fromCentre) <= 0.425) return fromCentre * ratio(central, 0.180625 - fromCentre * fromCentre);
  const outside = Math.min(probability, 1 - probability);
  if (outside <= 0) return Math.sign(fromCentre) * Infinity;
  const r = Math.sqrt(-Math.log(outside));
  return Math.sign(fromCentre) * (r <= 5 ? ratio(tail, r - 1.6) : ratio(farTail, r - 5));
};

/**
 * The distance between two normal distributions of unit variance whose ROC area is this: sqrt(2) * quantile(area).
 * @returns infinite for areas of 0 and 1
 */
export const dPrime = (rocArea: number): number => Math.SQRT2 * normalQuantile(rocArea);
