/** The thread of one model. */
import { statSync } from "node:fs";
import { proveData } from "../artifact/prove-data.ts";
import { readUnproven } from "../artifact/read-artifact.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { selectDescribed } from "../devices/select-described.ts";
import type { DeviceName } from "../engine/device.ts";
import { nodeEngine } from "../engine/node.ts";
import { nodeParent } from "../threads/node.ts";
import { UserError } from "../user-error.ts";
import { serveModel } from "./serve-model.ts";

/** What the thread is started with. */
export interface Opening {
  readonly graph: string | Uint8Array<ArrayBuffer>;
  readonly device: DeviceName | undefined;
  readonly batch: number | undefined;
}

/** Changes with a file's content. */
const stampOf = (graph: Opening["graph"]): string | undefined => {
  const stats = typeof graph === "string" ? statSync(graph, { throwIfNoEntry: false }) : undefined;
  return stats && [stats.ino, stats.size, stats.mtimeMs].join();
};

const parent = await nodeParent<Opening>();
const { graph, device, batch } = parent.data;
const stamp = stampOf(graph);

serveModel(parent, {
  engine: nodeEngine,
  read: () => {
    const artifact = readWaveformArtifact(graph, readUnproven);
    if (stampOf(graph) === stamp) return artifact;
    throw new UserError(
      "graph-changed-since",
      { path: artifact.path },
      "has changed since the model was opened; open it again",
    );
  },
  prove: proveData,
  selectDevices: async () => [await selectDescribed(device)],
  batch,
});
