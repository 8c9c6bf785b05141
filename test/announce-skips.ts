/** Says once, before the tests, which of them have no data on this machine. */
const needs = { AST_DATA: "recorded clips", AST_WEIGHTS: "real checkpoints" } as const;

export const setup = (): void => {
  for (const [variable, what] of Object.entries(needs)) {
    if (!process.env[variable]) console.log(`${variable} is not set: tests on ${what} are skipped (CONTRIBUTING.md)`);
  }
};
