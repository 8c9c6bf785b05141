import * as v from "valibot";
import { checkOptions, openSchema } from "../library/check-arguments.ts";
import { createModel } from "../library/create-model.ts";
import type { Graph, Model, OpenOptions } from "../library/model.ts";
import { decodeForeign } from "./decode-foreign.ts";
import { checkGraph, expectedFile, filesFor, isFile, webPaths } from "./graph-files.ts";
import type { Opening } from "./model-worker.ts";
import { webThreads } from "./threads.ts";

/** A `graph.onnx`, by its URL, or what holds its bytes. */
export type WebGraph = Graph | Blob;

export interface WebOpenOptions extends OpenOptions {
  /** The data file of a graph that has one. Default: of a graph that is fetched, what lies beside it. */
  readonly data?: WebGraph | undefined;
}

const webOpenSchema = v.strictObject({
  ...openSchema.entries,
  data: v.optional(v.custom<WebGraph>(isFile, expectedFile)),
});

/**
 * Opens a graph in a thread of its own, on WebGPU where the browser has it, or else on WebAssembly: `device` of what is opened says which,
 * with how many threads, and why. The page stays free, whatever it computes.
 * @throws UserError where the graph cannot be fetched, read or run, or is more than a tab holds; an option is wrong; the call is aborted
 */
export const open = async (graph: WebGraph, options: WebOpenOptions = {}): Promise<Model> => {
  const { device, batch, signal, data } = checkOptions(webOpenSchema, Object.keys(webOpenSchema.entries), options);
  const file = checkGraph(graph);
  const start = async () => {
    const { files, transfer } = await filesFor(file, data);
    const opening: Opening = { files, device, batch };
    return { opening, transfer };
  };
  return createModel({ threads: webThreads, paths: webPaths, decodeElsewhere: decodeForeign }, start, signal);
};
