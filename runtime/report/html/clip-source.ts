import { resolve } from "node:path";
import type { ClipSource } from "../../data/dataset.ts";
import { embeddedClips } from "../../data/embedded.ts";

/**
 * Where a clip's name leads to: an embedded sound's, or a path.
 * @param folder what paths are relative to
 */
export const clipSource = (name: string, classes: readonly string[], folder: string): ClipSource =>
  embeddedClips(classes).find((clip) => clip.name === name)?.source ?? { path: resolve(folder, name) };
