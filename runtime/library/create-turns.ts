/** A line: who comes first is served first, and whoever wants more than one turn lines up again after each. */
export interface Turns {
  /** @returns what ends the turn; to be called once */
  readonly take: () => Promise<() => void>;
}

/** @param places how many have a turn at once */
export const createTurns = (places: number): Turns => {
  let free = places;
  const waiting: (() => void)[] = [];
  const end = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    take: () =>
      new Promise((resolve) => {
        const begin = (): void => resolve(end);
        if (free === 0) {
          waiting.push(begin);
          return;
        }
        free -= 1;
        begin();
      }),
  };
};
