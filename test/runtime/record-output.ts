import type { Output } from "../../runtime/commands/output.ts";

/** What a command prints, kept: lines and notes for people, and objects for programs. */
export const recordOutput = () => {
  const texts: string[] = [];
  const notes: string[] = [];
  const events: Record<string, unknown>[] = [];
  const output: Output = {
    json: (value) => void events.push(value as Record<string, unknown>),
    result: (text) => void texts.push(text),
    progress: (text) => void texts.push(text),
    note: (text) => void notes.push(text),
    terminal: undefined,
  };
  return { texts, notes, events, output };
};
