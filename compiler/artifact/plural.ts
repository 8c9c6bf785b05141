/** The word for so many: `plural(2, "clip")` is "clips", `plural(2, "is", "are")` is "are". */
export const plural = (count: number, one: string, several = `${one}s`): string => (count === 1 ? one : several);
