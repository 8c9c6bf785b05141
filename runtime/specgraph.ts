#!/usr/bin/env node
/**
 * `specgraph COMMAND` and, by its other name, `runtime COMMAND`: starts the half that has the command, and loads nothing of the other.
 * `specgraph SPEC` compiles, too.
 */

const [, , first = ""] = process.argv;

/** A file that is no graph, or an option that is not about all commands, is the compiler's; it says what is wrong with it. */
const namesSpec = /[./\\]/.test(first) && !first.endsWith(".onnx");
const isCompilersOption = first.startsWith("-") && !["--help", "-h", "--version"].includes(first);

if (first === "compile") process.argv.splice(2, 1);
if (first === "compile" || namesSpec || isCompilersOption) await import("../compiler/cli.ts");
else await import("./cli.ts");
