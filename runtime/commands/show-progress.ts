import { formatDuration } from "../../compiler/artifact/format-number.ts";
import type { AnswerOutput } from "../recordings/answer-output.ts";
import type { Recording } from "../recordings/list-recordings.ts";
import { orUserError, UserError } from "../user-error.ts";

/** No more often: a line of a terminal takes its time. */
const everyMs = 100;

/**
 * A progress bar over recordings, which moves within long ones, too.
 * @param before how many are done
 * @param terminal none: nothing is shown
 */
export const showProgress = async (
  recordings: readonly Recording[],
  before: number,
  terminal: NodeJS.WriteStream | undefined,
): Promise<AnswerOutput & { readonly clear: () => void }> => {
  if (!terminal) return { take: () => undefined, clear: () => undefined };
  const { createProgress } = await import("../text/create-progress.ts");
  const { probeClip } = await import("../audio/probe-clip.ts");
  const progress = createProgress(recordings.length, 1, terminal, before);
  let done = before;
  let [shown, length]: [number, { readonly path: string; readonly seconds: number | undefined } | undefined] = [
    0,
    undefined,
  ];
  const lengthOf = async (path: string): Promise<number | undefined> => {
    if (length?.path !== path) {
      const facts = await orUserError(() => probeClip(path));
      length = { path, seconds: facts instanceof UserError ? undefined : facts.seconds };
    }
    return length.seconds;
  };
  return {
    take: async (answer) => {
      if (answer.kind === "end") done += 1;
      if (performance.now() - shown < everyMs) return;
      shown = performance.now();
      if (answer.kind !== "window") return progress.update(done, answer.path);
      const { endSeconds } = answer.window;
      const seconds = await lengthOf(answer.path);
      const share = seconds === undefined ? 0 : Math.min(1, endSeconds / seconds);
      progress.update(done + share, `${answer.path}  ${formatDuration(endSeconds)}`);
    },
    clear: progress.clear,
    release: () => Promise.resolve(progress.clear()),
  };
};
