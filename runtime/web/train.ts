import { untilEnded } from "../library/until-ended.ts";
import { valueOf } from "../threads/reply.ts";
import { checkTrainOptions } from "./check-train-options.ts";
import { checkGraph, filesFor } from "./graph-files.ts";
import type { Graphs, Kept } from "./keep-in-memory.ts";
import { openClips } from "./open-clips.ts";
import type { WebGraph } from "./open.ts";
import { webThreads } from "./threads.ts";
import type { WebDoneEvent, WebTrainingEvent, WebTrainOptions } from "./training.ts";
import type { ThreadEvent, TrainingMessage, TrainingOpening, TrainingRequest } from "./training-messages.ts";

type Events = AsyncGenerator<WebTrainingEvent, void, undefined>;
type Answer = Exclude<TrainingMessage, { kind: "kept" | "progress" }>;
type Unasked = Extract<TrainingMessage, { kind: "kept" | "progress" }>;

/** A thread that is asked, and answers. */
const startTrainingThread = (
  opening: TrainingOpening,
  transfer: readonly ArrayBuffer[],
  hear: (message: Unasked) => void,
) => {
  const waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }[] = [];
  let failure: Error | undefined;
  const thread = webThreads.start<TrainingMessage>("web/training-worker", {
    data: opening,
    transfer,
    onMessage: (message) => {
      if (message.kind === "kept" || message.kind === "progress") hear(message);
      else waiting.shift()?.resolve(message);
    },
    onStop: (reason) => {
      failure = new Error(`the thread of the training stopped: ${reason}`);
      for (const { reject } of waiting.splice(0)) reject(failure);
    },
  });
  const answer = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (failure) reject(failure);
      else waiting.push({ resolve, reject });
    });
  return {
    /** What it says first. */
    opened: answer(),
    ask: (request: TrainingRequest, moved: readonly ArrayBuffer[] = []): Promise<Answer> => {
      thread.post(request, moved);
      return answer();
    },
    /** Ends the training after the step at hand. */
    stop: () => thread.post({ kind: "stop" } satisfies TrainingRequest),
    end: thread.end,
  };
};

/** What is told at the end of what has been told before. */
const createSummary = () => {
  const begun = performance.now();
  let figures: WebDoneEvent["figures"] = { last: null, best: null, averaged: null };
  return {
    add: (event: ThreadEvent): void => {
      if (event.event === "eval") figures = { ...figures, last: event, ...(event.best ? { best: event } : {}) };
      if (event.event === "averaged") figures = { ...figures, averaged: event };
    },
    /** @throws where there is no graph */
    done: (
      { last, best, averaged }: Graphs,
      progress: Pick<WebDoneEvent, "epochs" | "steps" | "interrupted">,
    ): WebDoneEvent => {
      if (!last) throw new Error("a training has kept no graph");
      const seconds = Math.round(performance.now() - begun) / 1000;
      const { epochs, steps, interrupted } = progress;
      const graphs = { graph: last, best: best ?? null, averaged: averaged ?? null };
      return { event: "done", ...graphs, epochs, steps, interrupted, figures, seconds };
    },
  };
};

/**
 * Trains a graph on clips in the tab, in a thread of its own: by the graph's own training program and the recipe of its spec, so that
 * the same clips, seed and recipe come to what `specgraph/runtime` comes to. Nothing leaves the browser. It goes on when the next event
 * is asked for. The state is kept after each epoch, and each minute within one: where the GPU is lost, a note says so, and training
 * goes on from there on a new one, then on WebAssembly; steps since are told again. The signal ends it after the step at hand, with what
 * is trained so far in `done`; who leaves the loop ends it with nothing.
 * @throws UserError where the graph cannot be read, has no training program, or needs more memory than a tab has; where clips cannot
 * be read, which lists all that cannot; where an option is wrong; with the code `aborted` where the signal ended it before its start.
 * Where training diverges, or fails otherwise, what it has kept is given by `done` before
 */
export async function* train(graph: WebGraph, options: WebTrainOptions): Events {
  const { classes, clips, data, device, signal, onProgress = () => undefined, ...recipe } = checkTrainOptions(options);
  const file = checkGraph(graph);
  const summary = createSummary();
  let kept: Kept | undefined;
  let [losses, lossNote] = [0, ""];
  const hear = (message: Unasked): void => {
    if (message.kind === "kept") ({ kept } = message);
    else onProgress({ task: "evaluating", clips: message.clips, of: message.of });
  };

  /** A thread that has all that it needs, with what is to be said of the clips. */
  const begin = async (stop: AbortSignal) => {
    const { files, transfer } = await filesFor(file, data);
    const onDevice = losses > 1 ? "cpu" : device;
    const thread = startTrainingThread({ files, classes, recipe, device: onDevice, kept }, transfer, hear);
    try {
      const opened = await thread.opened;
      if (opened.kind === "end") valueOf(opened.reply);
      if (opened.kind !== "opened") throw new Error("a training ended before it was open");
      const read = await openClips(clips, opened.requirements, stop, (done) =>
        onProgress({ task: "opening", clips: done, of: clips.length }),
      );
      stop.throwIfAborted();
      const answer = await thread.ask(
        { kind: "clips", clips: read.clips },
        read.clips.map(({ samples }) => samples.buffer),
      );
      stop.throwIfAborted();
      return { thread, answer, notes: read.notes };
    } catch (error) {
      await thread.end();
      throw error;
    }
  };

  for (;;) {
    let thread: ReturnType<typeof startTrainingThread> | undefined;
    const stop = (): void => thread?.stop();
    try {
      const begun = await untilEnded(signal, new Set(), begin);
      let { answer } = begun;
      ({ thread } = begun);
      signal?.addEventListener("abort", stop);
      if (signal?.aborted) stop();
      while (answer.kind === "event") {
        const { event } = answer;
        summary.add(event);
        if (event.event === "done") yield summary.done(event.graphs, event);
        else if (event.event === "start") {
          if (losses > 0) yield { event: "note", text: `${lossNote} on ${event.device.name}` };
          else {
            yield event;
            for (const text of begun.notes) yield { event: "note", text };
          }
        } else if (event.event !== "test") yield event;
        answer = await thread.ask({ kind: "next" });
      }
      if (answer.kind === "end") return valueOf(answer.reply);
      if (answer.kind !== "lost") throw new Error("a training opens twice");
      losses += 1;
      lossNote = `the GPU was lost (${answer.reason}); training goes on from step ${kept?.progress.steps ?? 0}`;
    } catch (error) {
      if (kept?.graphs.last) yield summary.done(kept.graphs, { ...kept.progress, interrupted: true });
      if (kept?.graphs.last && signal?.aborted === true) return;
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      await thread?.end();
    }
  }
}
