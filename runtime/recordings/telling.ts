/** How answers become the lines of a format. */
import { rankClasses } from "../evaluate/rank-classes.ts";
import { UserError } from "../user-error.ts";
import type { Answer } from "./answer-output.ts";
import { type Format, formatOf, type FormatOptions, type Line, type Position, type ToldAnswer } from "./formats.ts";

export interface TellingOptions extends FormatOptions {
  readonly format: Format;
  /** What is told of recordings that are gone through in windows. */
  readonly stretches: "windows" | "events";
  /** How many classes a window has; 0: all. */
  readonly top: number;
  readonly classes: readonly string[];
  /** A failure, in words. */
  readonly describe: (error: UserError) => string;
}

/** Of what was told, what decides the lines that follow. */
export type Told = Pick<Position, "stretches" | "seconds">;

export interface Telling {
  readonly head: readonly Line[];
  /** Takes answers in their order. */
  readonly take: (answer: Answer) => Promise<readonly Line[]>;
  readonly told: () => Told;
}

const toldOf = (answer: Answer, { stretches, top, classes }: TellingOptions): ToldAnswer | undefined => {
  const { path, kind } = answer;
  if (kind === "clip") return answer;
  if (kind === "event") return stretches === "events" ? answer : undefined;
  if (kind !== "window" || stretches !== "windows") return undefined;
  const { window } = answer;
  return { path, kind, window, scores: window.rejected === true ? [] : rankClasses(window.scores, classes, top) };
};

/** @param before what was told before, of recordings that are done */
export const createTelling = (options: TellingOptions, before: Told = { stretches: 0, seconds: 0 }): Telling => {
  const { head, lines, failure, countsSeconds } = formatOf(options.format);
  let { stretches, seconds } = before;
  let isFirst = true;
  const take = async (answer: Answer): Promise<readonly Line[]> => {
    if (answer.kind === "end") {
      if (countsSeconds && options.isCombined) seconds += await secondsOf(answer.path);
      isFirst = true;
      return [];
    }
    if (answer.kind === "failure") return failure ? [failure(answer.path, options.describe(answer.error))] : [];
    const told = toldOf(answer, options);
    if (!told) return [];
    const given = lines(told, { stretches, seconds, isFirst }, options);
    stretches += given.length;
    isFirst = false;
    return given;
  };
  return { head: head ? [head(options)] : [], take, told: () => ({ stretches, seconds }) };
};

/** As the header has it; of a recording that says nothing, or cannot be read, none. */
const secondsOf = async (path: string): Promise<number> => {
  try {
    const { probeClip } = await import("../audio/probe-clip.ts");
    return (await probeClip(path)).seconds ?? 0;
  } catch (error) {
    if (error instanceof UserError) return 0;
    throw error;
  }
};
