/** From so many letters on, what is part of a name may be meant as all of it. */
const leastPart = 4;

/** Nearer than names that differ in two letters. */
const partDistance = 1;

/**
 * The known names nearest to a mistyped one, nearest first: at most three, differing in at most a third of their letters, or having all
 * that was written as a part.
 */
export const nearestNames = (name: string, known: readonly string[]): readonly string[] =>
  known
    .map((candidate) => {
      const [written, other] = [name.toLowerCase(), candidate.toLowerCase()];
      const isPart = written.length >= leastPart && other.includes(written) && other !== written;
      const distance = isPart ? partDistance : editDistance(written, other);
      return { candidate, distance, isNear: isPart || distance <= Math.max(name.length, candidate.length) / 3 };
    })
    .filter(({ isNear }) => isNear)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);

/** How many letters must be inserted, removed, replaced or swapped with their neighbours (optimal string alignment). */
const editDistance = (a: string, b: string): number => {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Infinity;
      rows[i]?.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
};
