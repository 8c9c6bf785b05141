/** Writes a trained graph: the artifact it came from, with other parameters. */
import { bytesPerElement } from "../../compiler/artifact/element-types.ts";
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { alignment } from "../../compiler/artifact/external-data.ts";
import { createChecksum } from "../../compiler/artifact/files/data-file.ts";
import { commit, commitPair, discard, openTemporary, type TemporaryFile, writeFully } from "../files/temporary-file.ts";
import { writeFailure } from "../files/write-failure.ts";
import type { Artifact } from "./decode-artifact.ts";
import { encodeWith, readBytes, type ReadValues } from "./encode-artifact.ts";
import { elementCount, type StoredTensor } from "./stored-tensor.ts";

interface Place {
  readonly offset: number;
  readonly length: number;
}

/** The places of parameters in a data file, each at the start of a page. */
const layOut = (parameters: readonly StoredTensor[]): Map<string, Place> => {
  let end = 0;
  return new Map(
    parameters.map(({ name, type, dims }) => {
      const offset = Math.ceil(end / alignment) * alignment;
      const length = elementCount(dims) * bytesPerElement[type];
      end = offset + length;
      return [name, { offset, length }];
    }),
  );
};

/** Writes a data file. @returns its checksum */
const writeData = async (
  { file }: TemporaryFile,
  places: ReadonlyMap<string, Place>,
  read: ReadValues,
): Promise<string> => {
  const checksum = createChecksum();
  let end = 0;
  for (const [name, { offset, length }] of places) {
    const bytes = await readBytes(read, name);
    checksum.update(new Uint8Array(offset - end)).update(bytes);
    await writeFully(file, bytes, offset);
    end = offset + length;
  }
  return checksum.digest("hex");
};

/**
 * Writes the artifact with these parameters; its training program starts afresh from them.
 * The files appear whole or not at all, and together.
 * @param dataPath the data file, which is beside the graph
 * @throws UserError when the disk is full or the path cannot be written
 */
export const writeArtifact = async (
  { model, parameters }: Pick<Artifact, "model" | "parameters">,
  path: string,
  read: ReadValues,
  dataPath = `${path}.data`,
): Promise<void> => {
  const external = layOut(parameters.filter(({ storage }) => storage.kind === "external"));
  const inline = new Map<string, Uint8Array>();
  for (const { name, storage } of parameters) {
    if (storage.kind === "inline") inline.set(name, await readBytes(read, name));
  }

  const opened: TemporaryFile[] = [];
  const openNext = async (target: string): Promise<TemporaryFile> => {
    const temporary = await openTemporary(target);
    opened.push(temporary);
    return temporary;
  };
  try {
    const data = external.size > 0 ? await openNext(dataPath) : undefined;
    const checksum = data ? await writeData(data, external, read) : undefined;
    const encoded = encodeWith(model, (name) => {
      const [place, bytes] = [external.get(name), inline.get(name)];
      if (bytes) return { kind: "inline", bytes };
      return place && { kind: "external", place: { location: basename(dataPath), ...place, checksum } };
    });
    const graph = await openNext(path);
    await writeFully(graph.file, encoded, 0);
    if (data) {
      await commitPair(graph, data);
    } else {
      await commit(graph);
      await rm(dataPath, { force: true });
    }
  } catch (error) {
    for (const temporary of opened) await discard(temporary);
    throw writeFailure(path, error);
  }
};
