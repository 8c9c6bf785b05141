import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createOutput } from "../../runtime/output.ts";

const stream = (isTTY: boolean): NodeJS.WriteStream =>
  Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream;

/** What a command prints on each stream. */
const printed = (isJson: boolean, isTerminal: { readonly stdout: boolean; readonly stderr: boolean }) => {
  const [stdout, stderr] = [stream(isTerminal.stdout), stream(isTerminal.stderr)];
  const output = createOutput(isJson, { stdout, stderr });
  output.json({ loss: 1 });
  output.text("a table");
  output.note("a note");
  return { stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? ""), hasBar: Boolean(output.terminal) };
};

test("at a terminal, text is on stdout", () => {
  expect(printed(false, { stdout: true, stderr: true })).toStrictEqual({
    stdout: "a table\n",
    stderr: "a note\n",
    hasBar: true,
  });
});

test("with stdout piped, text is on stderr", () => {
  expect(printed(false, { stdout: false, stderr: true })).toStrictEqual({
    stdout: "",
    stderr: "a table\na note\n",
    hasBar: true,
  });
});

test("without a terminal there is no bar", () => {
  expect(printed(false, { stdout: false, stderr: false }).hasBar).toBe(false);
});

test("under --json, stdout has JSON only and nothing is drawn", () => {
  expect(printed(true, { stdout: true, stderr: true })).toStrictEqual({
    stdout: '{"loss":1}\n',
    stderr: "a note\n",
    hasBar: false,
  });
});
