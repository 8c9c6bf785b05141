#!/usr/bin/env node
/** Each COMMAND of `specgraph` but for `compile`, which is the compiler's (`specgraph.ts`): the only place that touches the process. */
import { programName } from "../compiler/artifact/files/program-name.ts";
import { printableLines } from "../compiler/artifact/printable.ts";
import { watchOutput } from "../compiler/artifact/files/watch-output.ts";
import { version } from "../compiler/artifact/version.ts";
import { type Command, type ExitCode, exitCodes } from "./commands/command.ts";
import { describeFailure } from "./commands/describe-failure.ts";
import { asksForJson, printUsage } from "./commands/options.ts";
import { createOutput } from "./commands/output.ts";
import { openAhead } from "./library/open-ahead.ts";
import { UserError } from "./user-error.ts";

/** Each with what loads it: a command pays for no other, in time and in memory. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import("./commands/init-command.ts")).initCommand,
  train: async () => (await import("./commands/train-command.ts")).trainCommand,
  eval: async () => (await import("./commands/eval-command.ts")).evalCommand,
  infer: async () => {
    openAhead();
    return (await import("./commands/infer-command.ts")).inferCommand;
  },
  merge: async () => (await import("./commands/merge-command.ts")).mergeCommand,
  similar: async () => (await import("./commands/similar-command.ts")).similarCommand,
  listen: async () => (await import("./commands/listen-command.ts")).listenCommand,
  serve: async () => (await import("./commands/serve-command.ts")).serveCommand,
  cv: async () => (await import("./commands/cv-command.ts")).cvCommand,
  sweep: async () => (await import("./commands/sweep-command.ts")).sweepCommand,
  inspect: async () => (await import("./commands/inspect-command.ts")).inspectCommand,
  report: async () => (await import("./commands/report-command.ts")).reportCommand,
  stats: async () => (await import("./commands/stats-command.ts")).statsCommand,
  export: async () => (await import("./commands/export-command.ts")).exportCommand,
  sounds: async () => (await import("./commands/sounds-command.ts")).soundsCommand,
  devices: async () => (await import("./commands/devices-command.ts")).devicesCommand,
};

const usage = `Usage: specgraph COMMAND ..., or runtime COMMAND ...

Compiles audio models from specs to graphs, and trains and uses these.

  init     begin a project of your own, by what your clips are like
  compile  compile a spec to a graph
  train    train a graph on labelled clips
  eval     measure a graph on labelled clips
  infer    say what is heard in clips
  merge    make one file of the parts of a long list
  similar  find the clips that sound most alike
  listen   say what is heard by the microphone, or on stdin
  serve    serve a page where a browser hears and learns by itself
  cv       train and measure a graph by cross-validation
  sweep    train and compare the variants of a spec
  inspect  print what a graph is
  report   write a page about a training
  stats    measure clips, and print what a spec needs to know of them
  export   write a graph's weights for other tools
  sounds   write the embedded sounds as WAV files
  devices  list what this machine can compute on

specgraph COMMAND --help says more. specgraph --version prints the version.`;

const asksForHelp = (argument: string | undefined): boolean => argument === "--help" || argument === "-h";

const findCommand = (name: string): Promise<Command> => {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load) return load();
  throw new UserError(
    "usage",
    {},
    `unknown command ${name}; the commands are compile, ${Object.keys(commands).join(", ")}`,
  );
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
  const command = await findCommand(name);
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
    `${programName} has a defect: ${printableLines(details)}\nPlease report it with this line and the command; SPECGRAPH_DEBUG=1 adds where it happened.\n`,
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
