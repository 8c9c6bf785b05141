/** Threads as Node.js (`node.ts`) or a browser (`../web/threads.ts`) has them: a module that is started with data, and messages. */

/** Who started a thread, as the thread has it. */
export interface Parent<Data> {
  /** What the thread was started with. */
  readonly data: Data;
  /** @param transfer memory that is handed over rather than copied */
  readonly post: (message: unknown, transfer?: readonly Transferred[]) => void;
  /** @param listen given messages of the kind that it is sent */
  readonly onMessage: (listen: (message: never) => void) => void;
}

/** An end of a channel between threads, as far as all platforms have it. */
export interface Port {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  readonly postMessage: (message: unknown, transfer?: Transferred[]) => void;
  readonly close: () => void;
}

export const openChannel = (): readonly [Port, Port] => {
  const { port1, port2 } = new MessageChannel();
  return [port1 as unknown as Port, port2 as unknown as Port];
};

/** Hears a port's messages, one answer after another: where it is asked again, in the place of who heard them before. */
export const listenTo = (port: Port, listen: (message: unknown) => void): void => {
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- this alone starts a port on all platforms
  port.onmessage = ({ data }) => listen(data);
};

/** What can be handed over to a thread. */
export type Transferred = ArrayBuffer | Port;

/** A thread, as whoever started it has it. */
export interface Thread {
  readonly post: (message: unknown, transfer?: readonly Transferred[]) => void;
  /** Whether the process goes on while nothing else keeps it; at first it does. */
  readonly keepProcess: (isKept: boolean) => void;
  readonly end: () => Promise<void>;
}

export interface ThreadOptions<Message> {
  readonly data: unknown;
  readonly transfer?: readonly Transferred[];
  /** Whether what its code prints is dropped. */
  readonly isQuiet?: boolean;
  /** Whether what it leaves behind is samples rather than objects, which are then looked for the sooner. */
  readonly leavesSamples?: boolean;
  readonly onMessage: (message: Message) => void;
  /** Told why it has stopped, more than once where there are several reasons; also after `end`. */
  readonly onStop: (reason: string) => void;
}

export interface Threads {
  /** How many it is worth to start for work that can be divided. */
  readonly parallel: () => number;
  /** @param module from `runtime/` on, without its ending */
  readonly start: <Message>(module: string, options: ThreadOptions<Message>) => Thread;
}
