import { writeFailures } from "./write-failures.ts";

/**
 * Has the process say once what ails stdout or stderr, and exit with 2: printed results count as done only if somebody gets them.
 * Nothing is said of a reader that has seen enough, such as `head`.
 * @param end what else is to be done then
 */
export const watchOutput = (end: () => void): void => {
  for (const name of ["stdout", "stderr"] as const) {
    let isLost = false;
    process[name].on("error", ({ code = "", message }: NodeJS.ErrnoException) => {
      if (isLost) return;
      isLost = true;
      process.once("exit", () => {
        process.exitCode = 2;
      });
      if (name === "stdout" && code !== "EPIPE") {
        process.stderr.write(`cannot write to stdout: ${writeFailures[code] ?? message}\n`);
      }
      end();
    });
  }
};
