/** The page: opens the graph that is served with it, or another, and hears with it. */
import type { DeviceName } from "../engine/device.ts";
import type { Model } from "../library/model.ts";
import { createCard } from "./hear/answer-card.ts";
import { byId, onFiles, tellProblem } from "./parts/elements.ts";
import { hearFile, type Hearing } from "./hear/hear-file.ts";
import { loadLibrary } from "./parts/library.ts";
import { listenTo } from "./hear/listen.ts";
import { type Microphone, openMicrophone } from "./parts/microphone.ts";
import { showGraph } from "./show-graph.ts";
import { createTrainPanel } from "./train/train-panel.ts";
import { createSettings } from "./hear/settings.ts";
import type { Timeline } from "./hear/timeline.ts";
import { describeProblem } from "./parts/words.ts";

const answers = byId("answers", HTMLElement);
const deviceField = byId("device", HTMLSelectElement);
const files = byId("hear-files", HTMLInputElement);
const listenButton = byId("listen", HTMLButtonElement);
const clear = byId("clear", HTMLButtonElement);
const graphState = byId("graph-state", HTMLElement);
const graphProblem = byId("graph-problem", HTMLElement);
const hearProblem = byId("hear-problem", HTMLElement);

const announce = (text: string): void => void (byId("hear-state", HTMLElement).textContent = text);

/** Those whose events follow the settings. */
const timelines = new Set<Timeline>();
const settings = createSettings(() => {
  for (const timeline of timelines) {
    if (timeline.root.isConnected) timeline.apply(settings.current());
    else timelines.delete(timeline);
  }
});
const follow = (timeline: Timeline): void => {
  timelines.add(timeline);
  timeline.apply(settings.current());
};

let model: Model | undefined;
const hearingWith = (model: Model): Hearing => ({ model, settings: settings.current, announce, follow });

/** A graph's address, or its files. */
type GraphSource = URL | readonly File[];

/** What is open, to be opened on another device, or trained. */
let source: GraphSource = new URL("./graph/graph.onnx", document.baseURI);

/** As the library takes it: of files that are chosen together, the graph, and its data file. */
const sortFiles = (given: GraphSource) => {
  if (given instanceof URL) return { graph: given, options: {} };
  const graph = given.find(({ name }) => /\.onnx$/i.test(name)) ?? given[0] ?? new File([], "no file");
  const data = given.find((file) => file !== graph);
  return { graph, options: data ? { data } : {} };
};

const device = (): DeviceName => deviceField.value as DeviceName;

/** What the model that is open was opened on. */
let openedOn = deviceField.value;

const openNow = async (next: GraphSource): Promise<void> => {
  tellProblem(graphProblem, undefined);
  graphState.textContent = "Opening the graph …";
  deviceField.disabled = true;
  try {
    const { open } = await loadLibrary();
    const { graph, options } = sortFiles(next);
    const opened = await open(graph, { ...options, device: device() });
    const before = model;
    [model, source, openedOn] = [opened, next, deviceField.value];
    showGraph(opened);
    settings.fit(opened.metadata);
    trainPanel.fit();
    graphState.textContent = "Ready.";
    files.disabled = false;
    listenButton.disabled = false;
    await before?.close();
  } catch (error) {
    graphState.textContent = model === undefined ? "No graph is open." : "Ready, with the graph of before.";
    deviceField.value = openedOn;
    tellProblem(graphProblem, describeProblem(error));
  } finally {
    deviceField.disabled = false;
  }
};

let opening = Promise.resolve();
/** Opens a graph after those that were asked for before: the last is the one that stays. */
const openGraph = (next: GraphSource): Promise<void> => (opening = opening.then(() => openNow(next)));

const trainPanel = createTrainPanel({
  metadata: () => model?.metadata,
  train: async function* (options) {
    const { train } = await loadLibrary();
    const { graph, options: files } = sortFiles(source);
    yield* train(graph, { ...options, ...files, device: device() });
  },
  use: (graph) => openGraph([graph]),
});

const hearFiles = async (chosen: readonly File[]): Promise<void> => {
  if (model === undefined) return;
  const cards = chosen.map((file) => ({ file, card: createCard(file.name, answers) }));
  // Those that wait are heard by what is open by then.
  for (const { file, card } of cards) if (card.root.isConnected) await hearFile(file, card, hearingWith(model));
};

let microphone: Microphone | undefined;
const toggleListening = async (): Promise<void> => {
  if (microphone !== undefined) {
    microphone.close();
    return;
  }
  if (model === undefined) return;
  tellProblem(hearProblem, undefined);
  listenButton.disabled = true;
  try {
    microphone = await openMicrophone();
    listenButton.textContent = "Stop";
    listenButton.disabled = false;
    await listenTo(microphone, answers, hearingWith(model));
  } catch (error) {
    tellProblem(hearProblem, describeProblem(error));
  }
  microphone = undefined;
  listenButton.textContent = "Listen";
  listenButton.disabled = false;
};

onFiles(byId("hear-drop", HTMLElement), files, (chosen) => void hearFiles(chosen));
onFiles(byId("graph", HTMLElement), byId("graph-files", HTMLInputElement), (chosen) => void openGraph(chosen));
listenButton.addEventListener("click", () => void toggleListening());
answers.addEventListener("change", () => void (clear.hidden = answers.children.length === 0));
clear.addEventListener("click", () => {
  for (const remove of answers.querySelectorAll<HTMLButtonElement>("article > header button")) remove.click();
  files.focus();
});
// A file that misses its place would else be opened by the browser, and the page be gone.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

deviceField.addEventListener("change", () => void openGraph(source));

await openGraph(source);
