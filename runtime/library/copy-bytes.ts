import { listenTo, openChannel } from "../threads/threads.ts";
import { createTurns } from "./create-turns.ts";

/** So much is copied in about a millisecond. */
const pieceBytes = 2 ** 21;

/** Lets the event loop go round once. Timers would wait longer, and not every platform has more than these and messages. */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    const [here, there] = openChannel();
    listenTo(here, () => {
      here.close();
      resolve();
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, not a window
    there.postMessage(undefined);
  });

const line = createTurns(1);
let copiedBytes = 0;

/**
 * A copy that may be handed over to a thread, made in pieces so that the event loop goes on in between: posting would copy in
 * one go, and handing over the original would take it from its owner.
 */
export const copyBytes = async ({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<ArrayBuffer> => {
  const endTurn = await line.take();
  try {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const copy = new Uint8Array(byteLength);
    for (let start = 0; start < byteLength; start += pieceBytes) {
      const piece = bytes.subarray(start, start + pieceBytes);
      if (copiedBytes + piece.length > pieceBytes) {
        await pause();
        copiedBytes = 0;
      }
      copiedBytes += piece.length;
      copy.set(piece, start);
    }
    return copy.buffer;
  } finally {
    endTurn();
  }
};
