import type { Device } from "../engine/device.ts";
import { createTurns, type Turns } from "./create-turns.ts";

/** One computes at a time on each device, whichever model or training: each run takes all of it. */
export const turnsByDevice: Readonly<Record<Device["kind"], Turns>> = {
  cpu: createTurns(1),
  webgpu: createTurns(1),
  cuda: createTurns(1),
};
