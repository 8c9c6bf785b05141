/** Names of files that are called by recordings and classes, on any system. */
import { createHash } from "node:crypto";
import { posix } from "node:path";

/** What most systems allow a name, in bytes of UTF-8, less what temporary names add. */
const mostBytes = 220;

/** What Windows forbids in names, controls, halves of characters, and marks that reorder or hide what is around them. */
const unsafe = /[<>:"/\\|?*]|\p{Cc}|\p{Cs}|\p{Cf}|[\u2028\u2029]/gu;
/** Names that mean devices on Windows. */
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** The beginning of a text, no longer than so many bytes, without half a character at its end. */
const cut = (text: string, bytes: number): string => {
  let [end, size] = [0, 0];
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    end += character.length;
  }
  return text.slice(0, end);
};

/** A text as part of a name: what is unsafe in it is "-". */
export const safePart = (text: string, bytes: number): string =>
  cut(text.replaceAll(unsafe, "-"), bytes).replace(/[. ]+$/, "");

/**
 * The name of what is made of a recording, in its folder: the recording's own and a suffix. One too long is cut, and told from others
 * by a digest.
 * @param name the recording's, with "/"
 * @param suffix which is safe
 */
export const fileNameFor = (name: string, suffix: string): string => {
  const { dir, base } = posix.parse(name);
  const room = mostBytes - Buffer.byteLength(suffix);
  const digest = (): string => createHash("sha256").update(base).digest("hex").slice(0, 8);
  const fitting = Buffer.byteLength(base) <= room ? base : `${cut(base, room - 9)}~${digest()}`;
  const free = reserved.test(fitting) ? `_${fitting}` : fitting;
  return posix.join(dir, free + suffix);
};
