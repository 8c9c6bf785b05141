const units = new Map<string, number>(
  ["k", "m", "g", "t"].flatMap((letter, index) => [
    [`${letter}b`, 1000 ** (index + 1)] as const,
    [`${letter}ib`, 1024 ** (index + 1)] as const,
  ]),
);

/** What `parseBytes` takes, in words. */
export const bytesAsText = 'a number with its unit, such as "4 GB" or "1500 MB"';

/** Bytes as people write them: `4 GB`, `1.5GiB`, in kB to TB; undefined for what is not of that form, or not above 0. */
export const parseBytes = (text: string): number | undefined => {
  const [, digits = "", letters = ""] = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]+)\s*$/i.exec(text) ?? [];
  const unit = units.get(letters.toLowerCase());
  const bytes = Math.round(Number(digits) * (unit ?? 0));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
};
