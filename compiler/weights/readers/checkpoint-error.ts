/** The one error of the checkpoint readers. */

/** Names, shapes and types in messages come from the file and may be megabytes long. */
const longestMessage = 1000;

/** A checkpoint file is broken, hostile or not a checkpoint: the message says where (file, then entry, tensor or byte), what, and what was expected. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";

  constructor(where: string, what: string) {
    super(`${where}: ${what.length > longestMessage ? `${what.slice(0, longestMessage)}...` : what}`);
  }
}

/** Ends the reading with a message. */
export type Refuse = (what: string) => never;

/**
 * @param where the file, for messages
 * @param subject what in it is wrong, such as `tensor "bias"`
 */
export const refuseAt =
  (where: string, subject?: string): Refuse =>
  (what) => {
    throw new CheckpointError(where, subject === undefined ? what : `${subject} ${what}`);
  };
