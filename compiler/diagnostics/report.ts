/** How what is wrong with a spec is collected. */

/** Collects what is wrong, so that one compilation reports all of it. */
export interface Report {
  readonly add: (code: string, message: string, object: object, property?: string, fix?: string) => void;
  /** Tells where objects were written, the same of all that one line made; undefined: not known. */
  readonly placeOf?: (object: object, property?: string) => string | undefined;
}

/** What a number must be, in words. */
export const numberRules = {
  "a whole number of at least 1": (value: number) => Number.isInteger(value) && value >= 1,
  "a whole number": (value: number) => Number.isInteger(value),
  "greater than 0": (value: number) => Number.isFinite(value) && value > 0,
  "0 or more": (value: number) => Number.isFinite(value) && value >= 0,
  "a finite number": (value: number) => Number.isFinite(value),
  "at least 0 and less than 1": (value: number) => value >= 0 && value < 1,
  "greater than 0 and at most 1": (value: number) => value > 0 && value <= 1,
} as const;

type NumberRules<T> = { readonly [Key in keyof T]?: keyof typeof numberRules };

/** @returns whether all numbers are right */
export const checkNumbers = <T extends object>(
  report: Report,
  object: T,
  rules: NumberRules<T>,
  name = "",
): boolean => {
  const wrong = (Object.entries(rules) as [keyof T & string, keyof typeof numberRules][]).filter(([key, rule]) => {
    const value: unknown = object[key];
    return typeof value === "number" && !numberRules[rule](value);
  });
  for (const [key, rule] of wrong) {
    report.add("number-out-of-range", `${name}${key} must be ${rule}, not ${String(object[key])}`, object, key);
  }
  return wrong.length === 0;
};
