/** A checkpoint file is broken, hostile or not a checkpoint: the message says where (file, then entry, tensor or byte), what, and what was expected. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";

  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
  }
}
