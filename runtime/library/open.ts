// Before a thread starts, which cannot do it.
import "../engine/disable-telemetry.ts";
import { nodeThreads } from "../threads/node.ts";
import { checkOpenOptions } from "./check-arguments.ts";
import { checkGraph, nodePaths } from "./check-paths.ts";
import { copyBytes } from "./copy-bytes.ts";
import { createModel } from "./create-model.ts";
import type { Graph, Model, OpenOptions } from "./model.ts";
import type { Opening } from "./model-worker.ts";

/**
 * Opens a graph in a thread of its own: the event loop stays free, whatever it computes.
 * @throws UserError where the graph cannot be read or run, an option is wrong, or the call is aborted
 */
export const open = async (graph: Graph, options: OpenOptions = {}): Promise<Model> => {
  const { device, batch, signal } = checkOpenOptions(options);
  const source = checkGraph(graph);
  const start = async () => {
    const own = typeof source === "string" ? source : new Uint8Array(await copyBytes(source));
    const opening: Opening = { graph: own, device, batch };
    return { opening, transfer: typeof own === "string" ? [] : [own.buffer] };
  };
  return createModel({ threads: nodeThreads, paths: nodePaths }, start, signal);
};
