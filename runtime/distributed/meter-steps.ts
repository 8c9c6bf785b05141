/** What ranks take of the time of steps for one another. */

/** Of a session's steps but the first, which has what is done once; seconds as rank 0's clock has them. */
export interface RanksTook {
  readonly ranks: number;
  readonly steps: number;
  /** Of the steps. */
  readonly seconds: number;
  /** Of them, those from where all ranks have their gradients until these are averaged. */
  readonly secondsAveraging: number;
  /** Of them, those that a rank has waited for others to have theirs: the mean over ranks. */
  readonly secondsWaiting: number;
  /** The rank that waited the least: the others waited for it. */
  readonly slowest: { readonly rank: number; readonly host: string };
}

/** Measures one rank. */
export const meterSteps = () => {
  let total = { steps: 0, seconds: 0, averaging: 0, waiting: 0 };
  /** Of the step at hand. */
  let waiting = 0;
  /** When the step before ended; undefined: something other than a step came after it. */
  let endedAt: number | undefined;
  return {
    /** Waits for all ranks within a step. */
    wait: async <Result>(act: () => Promise<Result>): Promise<Result> => {
      const began = performance.now();
      const result = await act();
      waiting += performance.now() - began;
      return result;
    },
    /** Averages gradients, with which a step ends. */
    average: async (act: () => Promise<void>): Promise<void> => {
      const began = performance.now();
      await act();
      const now = performance.now();
      if (endedAt !== undefined) {
        const { steps, seconds, averaging, waiting: earlier } = total;
        total = {
          steps: steps + 1,
          seconds: seconds + (now - endedAt) / 1000,
          averaging: averaging + (now - began) / 1000,
          waiting: earlier + waiting / 1000,
        };
      }
      [waiting, endedAt] = [0, now];
    },
    /** Something else is done than steps. */
    interrupt: (): void => {
      [waiting, endedAt] = [0, undefined];
    },
    total: () => total,
  };
};
