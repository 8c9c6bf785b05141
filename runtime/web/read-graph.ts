import { sha1 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Artifact, decodeArtifact, foreignData } from "../artifact/decode-artifact.ts";
import type { DataFile } from "../artifact/stored-tensor.ts";
import { UserError } from "../user-error.ts";
import { fetchBytes } from "./fetch-file.ts";

/** A file: its bytes, what holds them, or its absolute URL. */
export type File = string | Uint8Array | Blob;

/** A graph, and the data file that it may have beside it. */
export interface GraphFiles {
  readonly graph: File;
  /** Default: of a graph that is fetched, what lies beside it by the name that the graph tells. */
  readonly data: File | undefined;
}

/** What messages call what has no name. */
const unnamed = { graph: "the graph", data: "its data file" };

const nameOf = (file: File, fallback: string): string => {
  if (typeof file === "string") return file;
  return "name" in file && typeof file.name === "string" ? file.name : fallback;
};

const bytesOf = async (file: File): Promise<Uint8Array> => {
  if (typeof file === "string") return fetchBytes(file);
  return file instanceof Uint8Array ? file : new Uint8Array(await file.arrayBuffer());
};

const inMemory = (path: string, bytes: Uint8Array): DataFile => ({
  path,
  size: bytes.length,
  bytes,
  read: async (target, offset) => target.set(bytes.subarray(offset, offset + target.length)),
});

/** On pages that are not served securely browsers have no hashes of their own. */
const sha1Of = async (bytes: Uint8Array): Promise<string> => {
  const isSecure = "subtle" in crypto;
  return bytesToHex(
    isSecure ? new Uint8Array(await crypto.subtle.digest("SHA-1", bytes as Uint8Array<ArrayBuffer>)) : sha1(bytes),
  );
};

/**
 * Reads a graph that takes clips, and its data file.
 * @throws UserError where they cannot be fetched, are not what specgraph wrote, or are not each other's
 */
export const readGraph = async ({ graph, data }: GraphFiles): Promise<Artifact> => {
  const name = nameOf(graph, unnamed.graph);
  const bytes = await bytesOf(graph);
  const beside = (location: string): File | undefined =>
    data ?? (typeof graph === "string" ? new URL(location, graph).href : undefined);

  const files = new Map<string, DataFile>();
  // Which data files there are, decoding tells; it goes on where they are there.
  for (;;) {
    let wanted: string | undefined;
    try {
      const artifact = decodeArtifact(name, bytes, (location) => {
        const file = files.get(location);
        if (file) return file;
        wanted = location;
        throw new UserError(
          "data-file-missing",
          { path: name, dataFile: location },
          `its data file ${location} is missing; give the two together`,
        );
      });
      await requireOwn(artifact);
      if (artifact.metadata.input === "waveform") return artifact;
      throw new UserError("starts-at-features", { path: name }, "starts at features, and clips are waveforms");
    } catch (error) {
      const file = wanted === undefined ? undefined : beside(wanted);
      if (wanted === undefined || file === undefined) throw error;
      files.set(wanted, inMemory(nameOf(file, unnamed.data), await bytesOf(file)));
    }
  }
};

const requireOwn = async ({ path, dataFiles }: Artifact): Promise<void> => {
  for (const { path: dataPath, checksum, bytes } of dataFiles) {
    if (checksum !== undefined && bytes && checksum !== (await sha1Of(bytes))) throw foreignData(dataPath, path);
  }
};
