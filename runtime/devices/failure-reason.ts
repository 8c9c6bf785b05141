/** The line of a failed probe's log that says most: why a library did not load, else the error, else what came last. */
export const failureReason = (log: string): string => {
  const lines = log.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "" && !line.startsWith("at ") && !line.startsWith("Node.js v"));
  const [, library] = /with error: (.+)$/m.exec(log) ?? [];
  const [, error] = /^\w*Error: (.+)$/m.exec(log) ?? [];
  return library ?? error ?? said.at(-1) ?? "no reason given";
};
