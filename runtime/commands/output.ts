/** What a command prints, and where; nothing in it that a terminal would obey or hide. */
import { printableJson, printableLines } from "../../compiler/artifact/printable.ts";

export interface Output {
  /** For programs: one line of JSON on stdout, under `--json` only. */
  readonly json: (value: object) => void;
  /** For people: what the command was called for, on stdout; nothing under `--json`. */
  readonly result: (text: string) => void;
  /** For people: how the command comes to its result, on stderr; nothing under `--json`. */
  readonly progress: (text: string) => void;
  /** Something the user should know, on stderr in any case. */
  readonly note: (text: string) => void;
  /** The terminal that a progress bar may use; none under `--json`, as the bar would mix with what stdout's reader prints. */
  readonly terminal: NodeJS.WriteStream | undefined;
  /** Whether results appear on a terminal, where a progress bar would mix with them. */
  readonly areResultsSeen?: boolean;
}

/** The standard streams, or what stands for them in a test. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export const createOutput = (isJson: boolean, { stdout, stderr }: Streams = process): Output => ({
  terminal: stderr.isTTY && !isJson ? stderr : undefined,
  areResultsSeen: stdout.isTTY,
  json: (value) => {
    if (isJson) stdout.write(`${printableJson(value)}\n`);
  },
  result: (text) => {
    if (!isJson) stdout.write(`${printableLines(text)}\n`);
  },
  progress: (text) => {
    if (!isJson) stderr.write(`${printableLines(text)}\n`);
  },
  note: (text) => {
    stderr.write(`${printableLines(text)}\n`);
  },
});
