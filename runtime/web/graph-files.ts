/** Graphs and their data files, as programs give them. */
import { pathOrBytes, type Paths, show } from "../library/check-arguments.ts";
import { copyBytes } from "../library/copy-bytes.ts";
import type { Graph } from "../library/model.ts";
import { UserError } from "../user-error.ts";
import type { File, GraphFiles } from "./read-graph.ts";

/** Paths are URLs, which may be relative to the page's. */
export const webPaths: Paths = {
  of: (given) => {
    try {
      return new URL(given, document.baseURI).href;
    } catch {
      return undefined;
    }
  },
  expected: "a URL, a File or Blob",
};

/** By its URL, or what holds its bytes. */
type Given = Graph | Blob;

export const isFile = (given: unknown): given is Given =>
  given instanceof Blob || (given !== "" && pathOrBytes(webPaths, given) !== undefined);

export const expectedFile = `${webPaths.expected}, or bytes`;
const fileOf = (given: Given): File => {
  const file = given instanceof Blob ? given : pathOrBytes(webPaths, given);
  if (file === undefined) throw new Error("a graph that was looked at is none");
  return file;
};

/** @throws UserError */
export const checkGraph = (given: unknown): File => {
  if (isFile(given)) return fileOf(given);
  throw new UserError(
    "argument-invalid",
    { argument: "graph" },
    `the graph is ${show(given)}; expected ${expectedFile}`,
  );
};

/** Bytes stay their owner's: a thread gets a copy. */
const handOver = async (file: File): Promise<File> =>
  file instanceof Uint8Array ? new Uint8Array(await copyBytes(file)) : file;

/** What a thread is given of a graph, and what of it is handed over. */
export const filesFor = async (graph: File, data: Given | undefined) => {
  const files: GraphFiles = {
    graph: await handOver(graph),
    data: data === undefined ? undefined : await handOver(fileOf(data)),
  };
  const transfer = [files.graph, files.data].flatMap((each) =>
    each instanceof Uint8Array ? [each.buffer as ArrayBuffer] : [],
  );
  return { files, transfer };
};
