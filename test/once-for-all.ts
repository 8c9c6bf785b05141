/** What takes a process to find out is found once: what announces skips asks first, and the tests' processes have its environment. */
export const onceForAll = (name: string, find: () => boolean): boolean =>
  (process.env[`SPECGRAPH_TEST_${name}`] ??= find() ? "there" : "") !== "";
