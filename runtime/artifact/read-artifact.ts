/** Reads `graph.onnx` and the data file beside it from the disk. */
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { checksumOf, isBeside, isLinkElsewhere } from "../../compiler/artifact/files/data-file.ts";
import { readFailures } from "../../compiler/artifact/files/read-failures.ts";
import { UserError } from "../user-error.ts";
import { type Artifact, type ArtifactData, decodeArtifact, foreignData } from "./decode-artifact.ts";
import { openDataFile } from "./open-data-file.ts";
import type { DataFile } from "./stored-tensor.ts";

const reasons: Readonly<Record<string, string>> = {
  ...readFailures,
  ENOENT: `${readFailures["ENOENT"]}; compiling a spec writes one`,
  EISDIR: "it is a folder; name the graph.onnx in it",
};

/** What a protobuf message may have at most. */
const mostBytes = 2 ** 31 - 1;

const readBytes = (path: string): Buffer => {
  try {
    const stats = statSync(path);
    if (!stats.isFile() && !stats.isDirectory())
      throw new UserError("not-a-file", { path }, "cannot be read: it is no regular file");
    if (stats.size > mostBytes) throw new UserError("not-onnx", { path }, "not an ONNX file: it has more than 2 GiB");
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new UserError("file-unreadable", { path, system: code }, `cannot be read: ${reasons[code] ?? message}`);
  }
};

const openBeside = (path: string, location: string): DataFile => {
  const dataPath = join(dirname(path), location);
  const stats = statSync(dataPath, { throwIfNoEntry: false });
  const facts = { path, dataFile: dataPath };
  const told = `its data file ${dataPath}`;
  if (!stats) throw new UserError("data-file-missing", facts, `${told} is missing; keep the two files together`);
  if (!stats.isFile()) throw new UserError("not-a-file", facts, `${told} is no regular file`);
  if (!isBeside(path, dataPath))
    throw new UserError("data-file-linked", facts, `${told} is a link to another folder; copy the file there`);
  return openDataFile(dataPath, stats.size);
};

/**
 * Reads a graph whose data file is still to be proven its own (`requireOwnData`), which takes a while of a large one.
 * @throws UserError when the file is missing, cut short, not ONNX, not compiled by specgraph or damaged
 */
export const readUnproven = (path: string): Artifact => {
  const artifact = decodeArtifact(path, readBytes(path), (location) => openBeside(path, location), path);
  return { ...artifact, isLink: isLinkElsewhere(path) };
};

/** A graph's data files, and what they must be. */
export interface DataProof {
  readonly path: string;
  readonly dataFiles: readonly Pick<ArtifactData, "path" | "checksum">[];
}

/** @throws UserError unless the data files are those that the graph was written with */
export const requireOwnData = ({ path, dataFiles }: DataProof): void => {
  for (const { path: dataPath, checksum } of dataFiles) {
    if (checksum !== undefined && checksum !== checksumOf(dataPath)) throw foreignData(dataPath, path);
  }
};

/**
 * Reads a graph without its large parameters, whatever made it: nothing of it is believed before it is checked.
 * @throws UserError when the file is missing, cut short, not ONNX, not compiled by specgraph or damaged, or its data file is not its own.
 */
export const readArtifact = (path: string): Artifact => {
  const artifact = readUnproven(path);
  requireOwnData(artifact);
  return artifact;
};
