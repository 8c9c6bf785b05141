/** Where the open graph learns: classes and their clips, the training as it goes, and the graph that comes of it. */
import type { ModelMetadata } from "../../library/model.ts";
import { button, byId, element, tellProblem } from "../parts/elements.ts";
import type { TrainingEvent, TrainOptions } from "../parts/library.ts";
import { saveFile } from "../parts/save-file.ts";
import { describeProblem, formatScore } from "../parts/words.ts";
import { type ClassClips, createClassList } from "./class-list.ts";
import { recordClip } from "./record-clip.ts";
import { createProgress } from "./training-progress.ts";

export interface TrainPanelOptions {
  /** Of the open graph; undefined where none is open. */
  readonly metadata: () => ModelMetadata | undefined;
  /** Trains the open graph. */
  readonly train: (options: TrainOptions) => AsyncIterable<TrainingEvent>;
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

  const finish = (graph: Blob): void => {
    const name = `${metadata()?.name ?? "graph"}-trained.onnx`;
    const file = new File([graph], name);
    const useHere = button("Use it here", () => void use(file), { class: "main" });
    progressPlace.append(
      element(
        "p",
        { class: "row" },
        button("Download graph.onnx", () => saveFile("graph.onnx", file)),
        useHere,
      ),
    );
    useHere.focus();
  };

  const askBeforeLeaving = (event: Event): void => event.preventDefault();

  const run = async (): Promise<void> => {
    const graph = metadata();
    if (!graph) return;
    const given = classes.read();
    const missing = missingOf(given, graph.classes.length);
    tellProblem(problem, missing);
    if (missing !== undefined) return;
    const stop = new AbortController();
    const onCancel = (): void => stop.abort();
    cancel.addEventListener("click", onCancel);
    addEventListener("beforeunload", askBeforeLeaving);
    place.inert = true;
    [start.hidden, cancel.hidden, add.disabled] = [true, false, true];
    cancel.focus();
    say("Opening the clips …");
    try {
      await follow(train({ classes: given, epochs: Number(epochs.value), signal: stop.signal }));
    } catch (error) {
      say(stop.signal.aborted ? "Cancelled." : "");
      if (!stop.signal.aborted) tellProblem(problem, describeProblem(error));
      start.hidden = false;
      start.focus();
    } finally {
      cancel.removeEventListener("click", onCancel);
      removeEventListener("beforeunload", askBeforeLeaving);
      place.inert = false;
      [start.hidden, cancel.hidden, add.disabled] = [false, true, false];
    }
  };

  const follow = async (events: AsyncIterable<TrainingEvent>): Promise<void> => {
    let progress: ReturnType<typeof createProgress> | undefined;
    let [steps, device, told] = [0, "", ""];
    for await (const event of events) {
      if (event.event === "start") {
        [steps, device] = [event.steps, event.device.name];
        progress = createProgress(progressPlace, steps, "Accuracy");
        say(`Training on ${device} …`);
      } else if (event.event === "step") {
        progress?.step(event.step, event.loss);
      } else if (event.event === "eval") {
        const share = event.accuracy ?? event.mAP ?? 0;
        progress?.measured(event.step, share);
        told = `${formatScore(100 * share).replace(/\.00$/, "")} % of the held-out clips are right`;
        say(`Step ${event.step} of ${steps}: ${told}.`);
      } else if (event.event === "note") {
        progressPlace.append(element("p", { class: "soft" }, event.text));
      } else {
        say(`Trained on ${device}: ${told}.`);
        finish(event.graph);
      }
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
      [add.disabled, start.disabled] = [false, false];
      for (const recorder of place.querySelectorAll(".record"))
        recorder.textContent = `Record ${Number(seconds().toFixed(1))} s`;
      if (place.children.length === 0) for (let count = 0; count < leastClasses; count++) classes.add();
    },
  };
};
