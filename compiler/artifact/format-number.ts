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

/** Such as 12.3 s, 18 min 3 s, 2 h 5 min. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes === 0) return `${seconds.toFixed(1)} s`;
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** Such as 86,594,831. */
export const formatExact = (count: number): string => count.toLocaleString("en-US");

/** Four digits after the point; a dash for figures that the data does not define. */
export const formatFigure = (value: number | null): string => (value === null ? "-" : value.toFixed(4));
