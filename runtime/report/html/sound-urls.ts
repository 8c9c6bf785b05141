/** Where a page finds its clips' sounds. */
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { encodeWav } from "../../audio/encode-wav.ts";
import type { ClipSource } from "../../data/dataset.ts";
import { embeddedClips } from "../../data/embedded.ts";
import { soundRateHz, synthesise } from "../../data/synthesise.ts";

/**
 * Where a clip's name leads to: an embedded sound's, or a path.
 * @param folder what paths are relative to
 */
export const clipSource = (name: string, classes: readonly string[], folder: string): ClipSource =>
  embeddedClips(classes).find((clip) => clip.name === name)?.source ?? { path: resolve(folder, name) };

/** A path as a URL; one part of it may be named anything: `#`, `?`, `%`, quotes, a scheme. */
const encodePath = (path: string): string =>
  path
    .split(sep)
    .map((part) => encodeURIComponent(part.replaceAll(/\p{Cs}/gu, "\u{fffd}")))
    .join("/");

const isReadableFile = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/**
 * Where a page finds a clip's sound. A file: beside the page, so that both may move together or be served, else at its full path, so
 * that the page may move alone. An embedded sound is part of the page: 16 bits, one second. None where there is no such file,
 * or none that can be read.
 * @param folder the page's
 */
export const soundUrls = (source: ClipSource, folder: string): readonly string[] => {
  if ("sound" in source) {
    return [`data:audio/wav;base64,${encodeWav(synthesise(source.sound), soundRateHz).toString("base64")}`];
  }
  const { path } = source;
  if (!isReadableFile(path)) return [];
  const fromPage = relative(folder, path);
  const complete = pathToFileURL(path).href;
  return isAbsolute(fromPage) ? [complete] : [encodePath(fromPage), complete]; // absolute: on another drive of Windows
};
