/** What is heard over time: the sound, a lane for each class, and events. Of a recording, or of the microphone as it goes. */
import { type SoundEvent, type WindowScores } from "../../evaluate/answers.ts";
import { findEvents } from "../../evaluate/find-events.ts";
import { type Tick, timeAxis } from "../../report/figures/axes.ts";
import type { IndexedImage } from "../../report/figures/indexed-image.ts";
import { button, element, named } from "../parts/elements.ts";
import { paint } from "./picture.ts";
import { csvOf, saveFile } from "../parts/save-file.ts";
import type { Settings } from "./settings.ts";
import { formatScore, formatSeconds } from "../parts/words.ts";

export interface TimelineOptions {
  /** What saved files are called after. */
  readonly name: string;
  readonly classes: readonly string[];
  /** Of a sound that goes on, how much of its end is shown; otherwise all is. */
  readonly lastSeconds?: number | undefined;
  /** Of another, where what is shown begins. Default 0. */
  readonly fromSeconds?: number | undefined;
  /** Plays a stretch, where it can be. */
  readonly play?: ((startSeconds: number, endSeconds: number) => void) | undefined;
  /** Told of events that have ended since it was told last. */
  readonly onEvents?: ((events: readonly SoundEvent[]) => void) | undefined;
}

/** Of more classes those that are heard most. */
const mostLanes = 8;
/** Of a sound that goes on for hours the last are kept. */
const mostWindows = 7200;
const mostRows = 200;
const laneHeight = 26;
const mostTicks = 6;
/** Their labels are longer. */
const mostLiveTicks = 3;

const colourOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name);

/** The events of these windows. */
const eventsOf = async (
  windows: readonly WindowScores[],
  classes: readonly string[],
  { threshold, merge }: Settings,
): Promise<readonly SoundEvent[]> => {
  const answers = async function* () {
    for (const window of windows) yield { path: "", kind: "window", window } as const;
    yield { path: "", kind: "end" } as const;
  };
  const events: SoundEvent[] = [];
  for await (const answer of findEvents(answers(), classes, { threshold, merge, minSeconds: 0 }))
    if (answer.kind === "event") events.push(answer.event);
  return events.toSorted((a, b) => a.startSeconds - b.startSeconds);
};

interface Lane {
  readonly name: HTMLElement;
  readonly canvas: HTMLCanvasElement;
}

export const createTimeline = (options: TimelineOptions) => {
  const { name, classes, lastSeconds, fromSeconds = 0, play, onEvents } = options;
  const sound = element("canvas", { role: "img", "aria-label": "Spectrogram" });
  const soundRow = element("div", { class: "picture" }, sound);
  const times = element("div", { class: "times" });
  const cursor = element("div", { class: "cursor", hidden: true });
  soundRow.append(cursor);
  const grid = element("div", { class: "lanes" }, element("span", { class: "lane-name soft" }, "Sound"), soundRow);
  const rows = element("tbody");
  const caption = element("caption", {}, "Events");
  const header = [
    element("th", { scope: "col", class: "number" }, "From"),
    element("th", { scope: "col", class: "number" }, "To"),
    element("th", { scope: "col" }, "Class"),
    element("th", { scope: "col", class: "number" }, "Score"),
    ...(play ? [element("th", { scope: "col" }, "Play")] : []),
  ];
  const events = element(
    "div",
    { class: "scroll", role: "region", "aria-label": `Events of ${name}`, tabindex: "0" },
    element("table", {}, caption, element("thead", {}, element("tr", {}, ...header)), rows),
  );
  const saveScores = (): void =>
    saveFile(
      `${name}.scores.csv`,
      csvOf([
        ["start", "end", ...classes],
        ...windows.map(({ startSeconds, endSeconds, scores }) => [startSeconds, endSeconds, ...scores]),
      ]),
    );
  const saveEvents = (): void =>
    saveFile(
      `${name}.events.csv`,
      csvOf([
        ["start", "end", "label", "score"],
        ...found.map(({ startSeconds, endSeconds, label, score }) => [startSeconds, endSeconds, label, score]),
      ]),
    );
  const root = element(
    "div",
    {},
    grid,
    events,
    element(
      "p",
      { class: "row" },
      button("Save events", saveEvents, { class: "small" }),
      button("Save scores", saveScores, { class: "small" }),
    ),
  );

  let windows: WindowScores[] = [];
  let settings: Settings | undefined;
  let found: readonly SoundEvent[] = [];
  let told = 0;
  let seconds = 0;
  let heldSeconds: number | undefined;
  let lanes: ReadonlyMap<number, Lane> = new Map();
  const highest = classes.map(() => 0);

  const range = (): readonly [from: number, to: number] => [
    lastSeconds === undefined ? fromSeconds : seconds - lastSeconds,
    seconds,
  ];

  /** Those that are shown, in the classes' order, so that none changes its place. */
  const layLanes = (): void => {
    const ranked = classes.map((_, index) => index).toSorted((a, b) => (highest[b] ?? 0) - (highest[a] ?? 0));
    const shown = ranked.slice(0, mostLanes).toSorted((a, b) => a - b);
    if (shown.every((index) => lanes.has(index)) && shown.length === lanes.size) return;
    const laid = new Map<number, Lane>();
    for (const index of shown) {
      const label = classes[index] ?? "";
      laid.set(
        index,
        lanes.get(index) ?? {
          name: element("span", { class: "lane-name", title: label }, named(label)),
          canvas: element("canvas", { role: "img" }),
        },
      );
    }
    lanes = laid;
    grid.replaceChildren(
      ...[...grid.children].slice(0, 2),
      ...[...laid.values()].flatMap(({ name: label, canvas }) => [label, element("div", { class: "lane" }, canvas)]),
      times,
    );
  };

  const drawLane = (index: number, { canvas }: Lane): void => {
    const [from, to] = range();
    const scale = globalThis.devicePixelRatio;
    const width = Math.max(1, Math.round(canvas.clientWidth * scale));
    const height = Math.round(laneHeight * scale);
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    if (!context || to <= from) return;
    const columnOf = (at: number): number => ((at - from) / (to - from)) * width;
    const columns = new Float32Array(width);
    for (const { startSeconds, endSeconds, scores } of windows) {
      if (endSeconds < from || startSeconds > to) continue;
      const end = Math.min(width, Math.max(columnOf(startSeconds) + 1, columnOf(endSeconds)));
      for (let column = Math.max(0, Math.floor(columnOf(startSeconds))); column < end; column++)
        columns[column] = Math.max(columns[column] ?? 0, scores[index] ?? 0);
    }
    context.fillStyle = colourOf("--c1");
    for (const [column, score] of columns.entries()) context.fillRect(column, height * (1 - score), 1, height * score);
    context.strokeStyle = colourOf("--c2");
    context.lineWidth = 2 * scale;
    for (const event of found) {
      if (event.index !== index || event.endSeconds < from || event.startSeconds > to) continue;
      const [left, right] = [columnOf(event.startSeconds), columnOf(event.endSeconds)];
      context.strokeRect(left + scale, scale, Math.max(2 * scale, right - left - 2 * scale), height - 2 * scale);
    }
    const peak = highest[index] ?? 0;
    canvas.setAttribute("aria-label", `Scores of ${classes[index] ?? ""} over time, ${formatScore(peak)} at most`);
  };

  const ticksOf = (): readonly Tick[] => {
    const [from, to] = range();
    if (lastSeconds === undefined)
      return timeAxis(to, Math.ceil((mostTicks * to) / (to - from)))
        .ticks.map(({ place, label }) => ({ place: (place * to - from) / (to - from), label }))
        .filter(({ place }) => place >= 0);
    return timeAxis(lastSeconds, mostLiveTicks).ticks.map(({ place, label }) => ({
      place: 1 - place,
      label: place === 0 ? "now" : `-${label} s`,
    }));
  };

  const drawTimes = (): void =>
    times.replaceChildren(
      ...ticksOf().map(({ place, label }) => {
        const tick = element("span", { class: "tick time" }, label);
        tick.style.left = `${place * 100}%`;
        return tick;
      }),
    );

  const listEvents = (): void => {
    const isLive = lastSeconds !== undefined;
    caption.textContent = `Events: ${found.length}${found.length > mostRows ? `, of which ${mostRows} are listed` : ""}`;
    const listed = isLive ? found.toReversed().slice(0, mostRows) : found.slice(0, mostRows);
    rows.replaceChildren(
      ...listed.map(({ startSeconds, endSeconds, label, score }) => {
        const [start, end] = [formatSeconds(startSeconds), formatSeconds(endSeconds)];
        const playing = play
          ? [
              element(
                "td",
                {},
                button("Play", () => play(startSeconds, endSeconds), {
                  class: "small",
                  "aria-label": `Play ${label} from ${start} to ${end}`,
                }),
              ),
            ]
          : [];
        return element(
          "tr",
          {},
          element("td", { class: "number" }, element("data", { value: startSeconds }, start)),
          element("td", { class: "number" }, element("data", { value: endSeconds }, end)),
          element("th", { scope: "row" }, named(label)),
          element("td", { class: "number" }, element("data", { value: score }, formatScore(score))),
          ...playing,
        );
      }),
    );
  };

  const draw = (): void => {
    const [from, to] = range();
    // The last window may reach beyond the sound.
    if (heldSeconds !== undefined) sound.style.width = `${(100 * heldSeconds) / (to - from)}%`;
    layLanes();
    for (const [index, lane] of lanes) drawLane(index, lane);
    drawTimes();
  };

  let isDue = false;
  /** Draws soon, once for all that has come until then. */
  const drawSoon = (): void => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      draw();
    });
  };

  let finding: Promise<void> | undefined;
  let isStale = false;
  const refind = async (): Promise<void> => {
    if (!settings) return;
    if (finding) {
      isStale = true;
      return;
    }
    finding = eventsOf(windows, classes, settings).then((events) => void (found = events));
    await finding;
    finding = undefined;
    // What touches the last window may go on.
    const ended = found.filter(({ endSeconds }) => endSeconds < (windows.at(-1)?.startSeconds ?? 0) + 1e-9);
    if (ended.length > told) onEvents?.(ended.slice(told));
    told = ended.length;
    listEvents();
    drawSoon();
    if (isStale) {
      isStale = false;
      await refind();
    }
  };

  new ResizeObserver(drawSoon).observe(grid);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawSoon);

  return {
    root,
    /** Goes on with a window. */
    add: (window: WindowScores): void => {
      windows.push(window);
      if (windows.length > mostWindows) windows = windows.slice(-mostWindows);
      seconds = Math.max(seconds, window.endSeconds);
      for (const [index, score] of window.scores.entries()) highest[index] = Math.max(highest[index] ?? 0, score);
      void refind();
    },
    /** Those that are kept. */
    windows: (): readonly WindowScores[] => windows,
    /** Lets time go on to here. */
    reach: (to: number): void => {
      seconds = Math.max(seconds, to);
      drawSoon();
    },
    /** Finds events anew. */
    apply: (next: Settings): void => {
      settings = next;
      told = found.length;
      void refind();
    },
    /** The picture of a sound that goes on. */
    sound,
    /** Shows the sound, of so many seconds. */
    showSound: (image: IndexedImage, soundSeconds: number): void => {
      paint(sound, [image]);
      heldSeconds = soundSeconds;
      seconds = Math.max(seconds, fromSeconds + soundSeconds);
      drawSoon();
    },
    /** Marks what is being played; undefined: nothing. */
    mark: (at: number | undefined): void => {
      const [from, to] = range();
      cursor.hidden = at === undefined || to <= from;
      if (at !== undefined) cursor.style.left = `${(100 * (at - from)) / (to - from)}%`;
    },
  };
};

export type Timeline = ReturnType<typeof createTimeline>;
