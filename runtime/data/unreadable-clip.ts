import { UserError } from "../user-error.ts";

/** That a clip cannot be read, whatever was to be done with it. */
export class UnreadableClip extends UserError {}
