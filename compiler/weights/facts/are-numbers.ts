/** Numbers stand for class names that are not known: ours (`numbered`), and transformers' default. */
export const areNumbers = (names: readonly string[]): boolean =>
  names.every((name, index) => name === String(index) || name === `LABEL_${index}`);
