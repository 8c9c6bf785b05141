import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createOutput } from "../../../runtime/commands/output.ts";

const stream = (isTTY: boolean): NodeJS.WriteStream =>
  Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream;

/** What a command prints on each stream. */
const printed = (isJson: boolean, isTerminal: boolean) => {
  const [stdout, stderr] = [stream(isTerminal), stream(isTerminal)];
  const output = createOutput(isJson, { stdout, stderr });
  output.json({ loss: 1 });
  output.result("a table");
  output.progress("half of it is done");
  output.note("a note");
  return { stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? ""), hasBar: Boolean(output.terminal) };
};

test.each([true, false])(
  "results are on stdout, all else on stderr, whether at a terminal (%s) or not",
  (isTerminal) => {
    expect(printed(false, isTerminal)).toStrictEqual({
      stdout: "a table\n",
      stderr: "half of it is done\na note\n",
      hasBar: isTerminal,
    });
  },
);

test.each([true, false])("under --json, stdout has JSON only and nothing is drawn (terminal: %s)", (isTerminal) => {
  expect(printed(true, isTerminal)).toStrictEqual({ stdout: '{"loss":1}\n', stderr: "a note\n", hasBar: false });
});
