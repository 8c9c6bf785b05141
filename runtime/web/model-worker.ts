/** The thread of one model. */
import { webEngine } from "../engine/web.ts";
import { serveModel } from "../library/serve-model.ts";
import type { DeviceName } from "../engine/device.ts";
import { type GraphFiles, readGraph } from "./read-graph.ts";
import { requireMemory } from "./require-memory.ts";
import { selectDevices } from "./select-devices.ts";
import { webParent } from "./threads.ts";
import { useWasmFor } from "./wasm-files.ts";

/** What the thread is started with. */
export interface Opening {
  readonly files: GraphFiles;
  readonly device: DeviceName | undefined;
  readonly batch: number | undefined;
}

const start = webParent();
void start.then((parent) => {
  const { files, device, batch } = parent.data as Opening;
  serveModel(parent, {
    engine: webEngine,
    read: async () => {
      const artifact = await readGraph(files);
      requireMemory(artifact);
      return artifact;
    },
    selectDevices: async () => {
      const devices = await selectDevices(device);
      useWasmFor(devices[0].device.kind);
      return devices;
    },
    batch,
  });
});
