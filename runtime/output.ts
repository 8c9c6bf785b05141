/** What a command prints, and where. */
export interface Output {
  /** For programs: one line of JSON on stdout, under `--json` only. */
  readonly json: (value: object) => void;
  /** For people: on stdout at a terminal and on stderr when stdout is piped; nothing under `--json`. */
  readonly text: (text: string) => void;
  /** Something the user should know, on stderr in any case. */
  readonly note: (text: string) => void;
  /** The terminal that a progress bar may use; none under `--json`, as the bar would mix with what stdout's reader prints. */
  readonly terminal: NodeJS.WriteStream | undefined;
}

/** The standard streams, or what stands for them in a test. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export const createOutput = (isJson: boolean, { stdout, stderr }: Streams = process): Output => ({
  terminal: stderr.isTTY && !isJson ? stderr : undefined,
  json: (value) => {
    if (isJson) stdout.write(`${JSON.stringify(value)}\n`);
  },
  text: (text) => {
    if (!isJson) (stdout.isTTY ? stdout : stderr).write(`${text}\n`);
  },
  note: (text) => {
    stderr.write(`${text}\n`);
  },
});
