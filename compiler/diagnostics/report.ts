/** How what is wrong with a spec is collected. */
import type { DiagnosticCode } from "./codes/codes.ts";

/** Collects what is wrong, so that one compilation reports all of it. */
export interface Report {
  readonly add: (code: DiagnosticCode, message: string, object: object, property?: string, fix?: string) => void;
  /** Tells where objects were written, the same of all that one line made; undefined: not known. */
  readonly placeOf?: (object: object, property?: string) => string | undefined;
}

/** What a number must be, in words. */
export const numberRules = {
  "a whole number of at least 1": (value: number) => Number.isInteger(value) && value >= 1,
  "a whole number from 1 to 1024": (value: number) => Number.isInteger(value) && value >= 1 && value <= 1024,
  "a whole number": (value: number) => Number.isInteger(value),
  "greater than 0": (value: number) => Number.isFinite(value) && value > 0,
  "a whole number of 0 or more, or a share from 0 to below 1": (value: number) =>
    value >= 0 && (value < 1 || Number.isInteger(value)),
  "0 or more": (value: number) => Number.isFinite(value) && value >= 0,
  "from 0 to 10": (value: number) => value >= 0 && value <= 10,
  "a finite number": (value: number) => Number.isFinite(value),
  "at least 0 and less than 1": (value: number) => value >= 0 && value < 1,
  "greater than 0 and at most 1": (value: number) => value > 0 && value <= 1,
} as const;

type NumberRules<T> = { readonly [Key in keyof T]?: keyof typeof numberRules };

/** Sizes that float32 holds to all its digits. */
const [least, most] = [1.2e-38, 3.4e38];

/** @returns what is wrong with an option, but for its name; undefined where nothing is, or it is left out */
const numberProblem = (value: unknown, rule: keyof typeof numberRules): string | undefined => {
  if (value === undefined) return undefined;
  if (typeof value !== "number") return `must be ${rule}, not ${JSON.stringify(value)}`;
  if (!numberRules[rule](value)) return `must be ${rule}, not ${value}`;
  const size = Math.abs(value);
  if (Number.isInteger(value) && rule.startsWith("a whole number")) {
    return Number.isSafeInteger(value) ? undefined : `must be at most ${Number.MAX_SAFE_INTEGER} in size, not ${value}`;
  }
  return value === 0 || (size >= least && size <= most)
    ? undefined
    : `must be from ${least} to ${most} in size, not ${value}`;
};

/** @returns whether all numbers are right */
export const checkNumbers = <T extends object>(
  report: Report,
  object: T,
  rules: NumberRules<T>,
  name = "",
): boolean => {
  const problems = (Object.entries(rules) as [keyof T & string, keyof typeof numberRules][]).flatMap(([key, rule]) => {
    const problem = numberProblem(object[key], rule);
    return problem === undefined ? [] : [{ key, problem }];
  });
  for (const { key, problem } of problems) report.add("number-out-of-range", `${name}${key} ${problem}`, object, key);
  return problems.length === 0;
};
