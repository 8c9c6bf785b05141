/** By which name the program was called: messages tell commands that can be typed as they stand. */
import { basename } from "node:path";

const called = basename(process.argv[1] ?? "", ".js");

export const programName = called === "specgraph" ? "specgraph" : "runtime";

/** How a spec is compiled: in a clone by its script. */
export const compileCommand =
  process.env["npm_lifecycle_event"] === "compile"
    ? "npm run compile --"
    : `${called === "runtime" ? "runtime" : "specgraph"} compile`;
