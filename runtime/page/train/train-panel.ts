/** Where the open graph learns: classes and their clips, the training as it goes, and the graph that comes of it. */
import { formatDuration } from "../../../compiler/artifact/format-number.ts";
import type { ModelMetadata } from "../../library/model.ts";
import { button, byId, element, tellProblem } from "../parts/elements.ts";
import type { WebTrainingEvent, WebTrainOptions } from "../../web/training.ts";
import { saveFile } from "../parts/save-file.ts";
import { describeProblem } from "../parts/words.ts";
import { type ClassClips, createClassList } from "./class-list.ts";
import { recordClip } from "./record-clip.ts";
import { createProgress } from "./training-progress.ts";

export interface TrainPanelOptions {
  /** Of the open graph; undefined where none is open. */
  readonly metadata: () => ModelMetadata | undefined;
  /** Trains the open graph. */
  readonly train: (options: WebTrainOptions) => AsyncIterable<WebTrainingEvent>;
  /** Goes on with another graph. */
  readonly use: (graph: File) => Promise<void>;
}

/** Longer clips are no better to record; of longer ones the model hears the beginning. */
const mostRecordedSeconds = 10;
/** One of them is held out. */
const leastClips = 2;
const leastClasses = 2;

/** What is missing before it can be trained; undefined: nothing. */
const missingOf = (classes: readonly ClassClips[], most: number): string | undefined => {
  const names = classes.map(({ name }) => name);
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) < index);
  const poor = classes.find(({ clips }) => clips.length < leastClips);
  if (classes.length < leastClasses) return "Add a class: it takes two or more to tell sounds apart.";
  if (classes.length > most)
    return `This graph has room for ${most} classes. Remove some, or compile a spec with more.`;
  if (names.includes("")) return "Name each class.";
  if (twice !== undefined) return `Two classes are named ${twice}. Give each a name of its own.`;
  if (poor) return `Give ${poor.name} ${leastClips} clips or more, of which one is held out.`;
  return undefined;
};

export const createTrainPanel = ({ metadata, train, use }: TrainPanelOptions) => {
  const [add, start, cancel] = (["train-add", "train-start", "train-cancel"] as const).map((id) =>
    byId(id, HTMLButtonElement),
  ) as [HTMLButtonElement, HTMLButtonElement, HTMLButtonElement];
  const problem = byId("train-problem", HTMLElement);
  const state = byId("train-state", HTMLElement);
  const progressPlace = byId("train-progress", HTMLElement);
  const epochs = byId("train-epochs", HTMLInputElement);
  const place = byId("train-classes", HTMLElement);
  const say = (text: string): void => void (state.textContent = text);

  let recorded = 0;
  const seconds = (): number => Math.min(mostRecordedSeconds, metadata()?.mostSeconds ?? 1);
  const record = async (): Promise<File | undefined> => {
    tellProblem(problem, undefined);
    place.inert = true;
    try {
      say("Recording …");
      const file = await recordClip(`recorded ${(recorded += 1)}`, seconds());
      say(`Recorded ${file.name}.`);
      return file;
    } catch (error) {
      say("");
      tellProblem(problem, describeProblem(error));
      return undefined;
    } finally {
      place.inert = false;
    }
  };
  const classes = createClassList(place, { record, seconds, onChange: () => tellProblem(problem, undefined) });

  /** Offers what has been learnt. */
  const offer = (graph: File): void => {
    const save = button("Download graph.onnx", () => saveFile("graph.onnx", graph));
    const useHere = button("Use it here", () => void use(graph), { class: "main" });
    progressPlace.append(element("p", { class: "row" }, save, useHere));
    useHere.focus();
  };

  const follow = async (events: AsyncIterable<WebTrainingEvent>): Promise<void> => {
    let progress: ReturnType<typeof createProgress> | undefined;
    let [steps, device, measured] = [0, "", ""];
    for await (const event of events) {
      if (event.event === "start") {
        [steps, device] = [event.steps, event.device.name];
        progress = createProgress(progressPlace, steps);
        say(`Training on ${device}: ${event.clips.train} clips, and ${event.clips.evaluation} held out …`);
      } else if (event.event === "step") {
        progress?.step(event.step, event.loss);
      } else if (event.event === "eval") {
        progress?.measured(event.step, event.accuracy);
        measured = `; ${Math.round(100 * event.accuracy)} % of the held-out clips are told right`;
        say(`Step ${event.step} of ${steps}${measured}`);
      } else if (event.event === "pace") {
        say(`Step ${event.step} of ${steps}${measured}; about ${formatDuration(event.secondsLeft)} to the end`);
      } else if (event.event === "note") {
        progressPlace.append(element("p", { class: "soft" }, event.text));
      } else if (event.event === "done") {
        const best = event.figures.best;
        const told = best === null ? "" : `; ${Math.round(100 * best.accuracy)} % of the held-out clips are told right`;
        say(`${event.interrupted ? `Ended after step ${event.steps}` : `Trained on ${device}`}${told}.`);
        offer(event.best ?? event.graph);
      }
    }
  };

  const askBeforeLeaving = (event: Event): void => event.preventDefault();

  const run = async (): Promise<void> => {
    const most = metadata()?.classes.length ?? 0;
    const given = classes.read();
    const missing = missingOf(given, most);
    tellProblem(problem, missing);
    if (missing !== undefined) return;
    const stop = new AbortController();
    const onCancel = (): void => stop.abort();
    cancel.addEventListener("click", onCancel);
    addEventListener("beforeunload", askBeforeLeaving);
    const mark = (isTraining: boolean): void => {
      place.inert = isTraining;
      [add.disabled, start.hidden, cancel.hidden] = [isTraining, isTraining, !isTraining];
    };
    mark(true);
    cancel.focus();
    progressPlace.replaceChildren();
    say("Opening the clips …");
    const passes = epochs.value === "" ? {} : { epochs: Number(epochs.value) };
    try {
      await follow(train({ classes: given, ...passes, signal: stop.signal }));
    } catch (error) {
      say(stop.signal.aborted ? "Cancelled." : "");
      if (!stop.signal.aborted) tellProblem(problem, describeProblem(error));
    } finally {
      cancel.removeEventListener("click", onCancel);
      removeEventListener("beforeunload", askBeforeLeaving);
      const isFocused = cancel === document.activeElement;
      mark(false);
      if (isFocused) start.focus();
    }
  };

  add.addEventListener("click", () => {
    classes.add();
    place.lastElementChild?.querySelector("input")?.focus();
  });
  start.addEventListener("click", () => void run());

  return {
    /** Fits the panel to the graph that is open. */
    fit: (): void => {
      const isTraining = !cancel.hidden;
      [add.disabled, start.disabled] = [isTraining, false];
      for (const recorder of place.querySelectorAll(".record"))
        recorder.textContent = `Record ${Number(seconds().toFixed(1))} s`;
      if (place.children.length === 0) for (let count = 0; count < leastClasses; count++) classes.add();
    },
  };
};
