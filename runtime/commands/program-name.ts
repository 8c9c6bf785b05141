import { basename } from "node:path";

/** By which name the program was called: messages tell commands that can be typed as they stand. */
export const programName = basename(process.argv[1] ?? "", ".js") === "specgraph" ? "specgraph" : "runtime";
