import { type ArtifactMetadata, metadataKey, parseProperty } from "../../artifact/metadata.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { CheckpointError } from "./checkpoint-error.ts";

/**
 * What metadata of ours say under a key, as `parse` reads it.
 * @returns undefined where they say nothing: the file is of another version
 * @throws CheckpointError where `parse` throws
 */
export const readKey = <Value>(
  metadata: Checkpoint["metadata"],
  path: string,
  key: string,
  parse: (text: string) => Value,
): Value | undefined => {
  const text = metadata.get(key);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch {
    throw new CheckpointError(path, `its metadata property ${key} is damaged; compile or export it again`);
  }
};

/** The same for a property that the contract with the runtime has a schema of. */
export const readProperty = <Key extends keyof ArtifactMetadata>(
  metadata: Checkpoint["metadata"],
  path: string,
  property: Key,
): ArtifactMetadata[Key] | undefined =>
  readKey(metadata, path, metadataKey(property), (text) => parseProperty(property, text));
