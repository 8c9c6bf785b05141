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
