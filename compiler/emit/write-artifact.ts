/** Writes `graph.onnx`, and `graph.onnx.data` beside it when the parameters are large. Nothing is left half-written. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { CompileError } from "../diagnostics/diagnostic.ts";
import { elements } from "../ir/dim.ts";
import type { State } from "../ir/graph.ts";
import { encodeModel, type Placement, type Program } from "./encode-model.ts";

/** Parameters of more bytes than this go to a data file. */
const inlineLimit = 32 * 2 ** 20;

/** Data files are mapped into memory by page. */
const alignment = 4096;

const failures: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist",
  EACCES: "it is not writable",
  EPERM: "it is not writable",
  EROFS: "its file system is read-only",
  ENOSPC: "the disk is full",
  EISDIR: "it is a folder",
  ENOTDIR: "its folder is a file",
  ENAMETOOLONG: "its name is too long",
};

/** Writes to a temporary file beside `path`; `commit` puts it in place. */
const openTemporary = (
  path: string,
): { readonly write: (bytes: Uint8Array) => void; readonly commit: () => void; readonly discard: () => void } => {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w");
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return {
    write: (bytes) => {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    },
    commit: () => {
      fsyncSync(file);
      close();
      renameSync(temporary, path);
    },
    discard: () => {
      close();
      rmSync(temporary, { force: true });
    },
  };
};

const byteLength = ({ value }: State): number => 4 * elements(value.type.shape);
const asBytes = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * @param read a parameter's values; called once per parameter, in order
 * @returns the bytes written: of the graph, and of the data file
 * @throws CompileError when the disk is full or the path cannot be written
 */
export const writeArtifact = (
  path: string,
  program: Program,
  read: (state: State) => Float32Array,
  metadata: readonly { readonly key: string; readonly value: string }[],
  producerVersion: string,
): { readonly graph: number; readonly data: number } => {
  const parameters = program.graph.states.filter(({ kind }) => kind === "parameter");
  const isExternal = parameters.reduce((total, state) => total + byteLength(state), 0) > inlineLimit;
  const placements = new Map<string, Placement>();
  const opened: ReturnType<typeof openTemporary>[] = [];
  const open = (target: string): ReturnType<typeof openTemporary> => {
    const file = openTemporary(target);
    opened.push(file);
    return file;
  };

  try {
    // Found out before the data file is in place, not after.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    let offset = 0;
    const dataFile = isExternal ? open(`${path}.data`) : undefined;
    for (const state of parameters) {
      const bytes = asBytes(read(state));
      if (!dataFile) {
        placements.set(state.value.name, { kind: "inline", bytes });
        continue;
      }
      const padding = (alignment - (offset % alignment)) % alignment;
      dataFile.write(new Uint8Array(padding));
      dataFile.write(bytes);
      offset += padding;
      placements.set(state.value.name, {
        kind: "external",
        location: `${basename(path)}.data`,
        offset,
        length: bytes.length,
      });
      offset += bytes.length;
    }
    const place = (state: State): Placement => {
      const placement = placements.get(state.value.name);
      if (!placement) throw new Error(`${state.value.name} was not placed`);
      return placement;
    };
    const encoded = encodeModel(program, place, metadata, producerVersion);
    const graphFile = open(path);
    graphFile.write(encoded);
    dataFile?.commit();
    graphFile.commit();
    if (!dataFile) rmSync(`${path}.data`, { force: true });
    return { graph: encoded.length, data: offset };
  } catch (error) {
    opened.forEach(({ discard }) => discard());
    const { code = "" } = error as NodeJS.ErrnoException;
    const reason = failures[code];
    if (!reason) throw error;
    throw new CompileError([{ code: "output-not-written", message: `cannot write ${path}: ${reason}` }]);
  }
};
