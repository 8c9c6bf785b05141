import type { Output } from "../../runtime/output.ts";

/** What a command prints, kept: lines for people, and objects for programs. */
export const recordOutput = () => {
  const texts: string[] = [];
  const events: Record<string, unknown>[] = [];
  const output: Output = {
    json: (value) => void events.push(value as Record<string, unknown>),
    result: (text) => void texts.push(text),
    progress: (text) => void texts.push(text),
    note: () => undefined,
    terminal: undefined,
  };
  return { texts, events, output };
};
