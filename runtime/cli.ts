#!/usr/bin/env node
/** `runtime COMMAND`: the only place that touches the process. */
import { printableLines } from "../compiler/artifact/printable.ts";
import { watchOutput } from "../compiler/artifact/files/watch-output.ts";
import { version } from "../compiler/artifact/version.ts";
import { type Command, type ExitCode, exitCodes } from "./commands/command.ts";
import { cvCommand } from "./commands/cv-command.ts";
import { soundsCommand } from "./commands/sounds-command.ts";
import { describeFailure } from "./commands/describe-failure.ts";
import { devicesCommand } from "./commands/devices-command.ts";
import { exportCommand } from "./commands/export-command.ts";
import { evalCommand } from "./commands/eval-command.ts";
import { inferCommand } from "./commands/infer-command.ts";
import { listenCommand } from "./commands/listen-command.ts";
import { asksForJson, printUsage } from "./commands/options.ts";
import { createOutput } from "./commands/output.ts";
import { reportCommand } from "./commands/report-command.ts";
import { inspectCommand } from "./commands/inspect-command.ts";
import { serveCommand } from "./commands/serve-command.ts";
import { similarCommand } from "./commands/similar-command.ts";
import { statsCommand } from "./commands/stats-command.ts";
import { trainCommand } from "./commands/train-command.ts";
import { UserError } from "./user-error.ts";

const commands: Readonly<Record<string, Command>> = {
  train: trainCommand,
  eval: evalCommand,
  infer: inferCommand,
  similar: similarCommand,
  listen: listenCommand,
  serve: serveCommand,
  cv: cvCommand,
  inspect: inspectCommand,
  report: reportCommand,
  stats: statsCommand,
  export: exportCommand,
  sounds: soundsCommand,
  devices: devicesCommand,
};

const usage = `Usage: runtime COMMAND ...

Trains and uses the graphs that specgraph compiles.

  train    train a graph on labelled clips
  eval     measure a graph on labelled clips
  infer    say what is heard in clips
  similar  find the clips that sound most alike
  listen   say what is heard by the microphone, or on stdin
  serve    serve a page where a browser hears and learns by itself
  cv       train and measure a graph by cross-validation
  inspect  print what a graph is
  report   write a page about a training
  stats    measure clips, and print what a spec needs to know of them
  export   write a graph's weights for other tools
  sounds   write the embedded sounds as WAV files
  devices  list what this machine can compute on

runtime COMMAND --help says more. runtime --version prints the version.`;

const asksForHelp = (argument: string | undefined): boolean => argument === "--help" || argument === "-h";

const findCommand = (name: string): Command => {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return command;
  throw new UserError("usage", {}, `unknown command ${name}; the commands are ${Object.keys(commands).join(", ")}`);
};

const run = async (args: readonly string[], signal: AbortSignal): Promise<ExitCode> => {
  const [name, ...rest] = args;
  if (name === undefined) {
    process.stderr.write(`${usage}\n`);
    return exitCodes.userError;
  }
  if (asksForHelp(name) || name === "--version") {
    process.stdout.write(`${name === "--version" ? version : usage}\n`);
    return exitCodes.done;
  }
  const command = findCommand(name);
  if (rest.some(asksForHelp)) {
    process.stdout.write(`${printUsage(command.usage)}\n`);
    return exitCodes.done;
  }
  return command.run(rest, createOutput(asksForJson(rest)), signal);
};

/** V8's words for an array that the memory has no room for, and Node.js's code for a thread whose heap is full. */
const isOutOfMemory = (error: unknown): boolean =>
  (error instanceof RangeError && /allocation failed|invalid (typed )?array( buffer)? length/i.test(error.message)) ||
  (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY");

const report = (error: unknown): ExitCode => {
  if (error instanceof UserError) {
    process.stderr.write(`${printableLines(describeFailure(error))}\n`);
    return exitCodes.userError;
  }
  if (isOutOfMemory(error)) {
    process.stderr.write("this takes more memory than there is; use a smaller --batch or another graph\n");
    return exitCodes.userError;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const details = process.env["SPECGRAPH_DEBUG"] ? (stack ?? message) : message;
  process.stderr.write(
    `runtime has a defect: ${printableLines(details)}\nPlease report it with this line and the command; SPECGRAPH_DEBUG=1 adds where it happened.\n`,
  );
  return exitCodes.defect;
};

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A second Ctrl-C does not wait for the step at hand.
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    interruption.abort();
  });
}
// A training saves, as after Ctrl-C.
watchOutput(() => interruption.abort());

try {
  process.exitCode = await run(process.argv.slice(2), interruption.signal);
} catch (error) {
  process.exitCode = report(error);
}
