/** Numbers as people read them. */

const prefixes = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

/** Such as 86.6 M; below a thousand as it is. */
export const formatCount = (count: number): string => {
  const [unit, prefix] = prefixes.find(([unit]) => count >= unit) ?? [1, ""];
  return prefix === "" ? String(count) : `${(count / unit).toFixed(1)} ${prefix}`;
};

/** Such as 346.5 MB. */
export const formatBytes = (bytes: number): string => (bytes < 1e3 ? `${bytes} bytes` : `${formatCount(bytes)}B`);

/** Such as 86,594,831. */
export const formatExact = (count: number): string => count.toLocaleString("en-US");

/** Four digits after the point; a dash for figures that the data does not define. */
export const formatFigure = (value: number | null): string => (value === null ? "-" : value.toFixed(4));
