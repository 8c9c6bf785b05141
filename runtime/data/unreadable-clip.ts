import { UserError } from "../user-error.ts";
import type { Clip } from "./dataset.ts";

/** That a clip cannot be read, whatever was to be done with it. */
export class UnreadableClip extends UserError {
  readonly clip: Clip;

  constructor(clip: Clip, message: string) {
    super(message);
    this.clip = clip;
  }
}
