// Before a thread starts, which cannot do it.
import "../engine/disable-telemetry.ts";
import { startAhead } from "../threads/node.ts";
import { modelWorker } from "./model-thread.ts";

/** Has a model's thread load while the process still loads what will `open` one. */
export const openAhead = (): void => startAhead(...modelWorker);
