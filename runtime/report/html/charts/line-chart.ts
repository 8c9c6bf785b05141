/**
 * Line charts as SVG that fits any width while its text keeps its size: the drawing has no view box, places are percentages of the
 * area within the axes, and only the lines' paths are stretched (with strokes that are not). Labels stand in the area's padding.
 */
import { type Html, html } from "../../../text/html.ts";
import { niceTicks } from "../../figures/nice-ticks.ts";
import type { Point } from "./curves.ts";

export interface Series {
  readonly label: string;
  /** Which of the page's five colours; the third's lines are dashed, the fourth's dotted. */
  readonly color: 1 | 2 | 3 | 4 | 5;
  /** "marked" shows every point and its value as a tooltip. */
  readonly kind: "line" | "faint" | "marked";
  readonly points: readonly Point[];
}

export type Range = readonly [from: number, to: number];

/** A vertical line. */
interface Marker {
  readonly x: number;
  readonly label: string;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** Default: from the data. */
  readonly x?: Range | undefined;
  readonly y?: Range | undefined;
  readonly marker?: Marker | undefined;
}

/** The most steps between an axis' numbers: on the narrowest phones they still stand apart. */
const mostSteps = 5;

/** Short, and the same for the same number. */
const formatTick = (value: number): string => {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-2 && size < 1e5)) return String(value);
  return value.toExponential().replace("e+", "e");
};

const formatValue = (value: number): number => Number(value.toPrecision(4));

const extremes = (values: readonly number[]): Range =>
  values.reduce<Range>(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);

const rangeOf = (values: readonly number[]): Range => {
  const [low, high] = extremes(values);
  if (!Number.isFinite(low)) return [0, 1];
  return low < high ? [low, high] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
};

/** Room above and below, but none below 0 where nothing is below 0. */
const widen = ([low, high]: Range): Range => {
  const room = (high - low) * 0.05;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
};

/** A place within the axes, in percent of width and height, from the top left. */
interface Place {
  readonly x: number;
  readonly y: number;
}

const round = (value: number): number => Math.round(value * 100) / 100;

const drawRow = (value: number, { y }: Place): Html =>
  html`<line class="grid" x2="100%" y1="${y}%" y2="${y}%" /><text y="${y}%" dx="-.6em" dy=".35em" text-anchor="end"
      >${formatTick(value)}</text
    >`;

const drawColumn = (value: number, { x }: Place): Html =>
  html`<svg x="${x}%" y="100%">
    <line class="tick" y2="4" />
    <text y="1.4em" text-anchor="middle">${formatTick(value)}</text>
  </svg>`;

const drawPath = ({ color, kind, points }: Series, place: (point: Point) => Place): Html => {
  const path = points
    .map(place)
    .map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`)
    .join("");
  return html`<path class="${kind} color-${color}" d="${path}" />`;
};

const drawPoints = ({ label, color, points }: Series, place: (point: Point) => Place): Html =>
  html`<g class="color-${color}"
    >${points.map((point) => {
      const { x, y } = place(point);
      return html`<circle cx="${x}%" cy="${y}%" r="${points.length > 60 ? 1.5 : 3}"
        ><title>${label}: ${formatValue(point.y)}</title></circle
      >`;
    })}</g
  >`;

/** What a series shows, in words: for those who do not see it. */
const describe = ({ label, points }: Series, xLabel: string): string => {
  const [first, last] = [points.at(0), points.at(-1)];
  if (!first || !last) return "";
  const at = ({ x, y }: Point): string => `${formatValue(y)} at ${xLabel} ${formatValue(x)}`;
  if (first === last) return `${label}: ${at(first)}.`;
  const [low, high] = extremes(points.map(({ y }) => y));
  return `${label}: ${at(first)}, ${at(last)}; between ${formatValue(low)} and ${formatValue(high)}.`;
};

/** A figure with its legend; values that are not finite are left out. */
export const lineChart = ({ title, xLabel, series: given, x, y, marker }: LineChart): Html => {
  const series = given
    .map((one) => ({ ...one, points: one.points.filter((point) => Number.isFinite(point.y)) }))
    .filter(({ points }) => points.length > 0);
  const all = series.flatMap(({ points }) => points);
  const [left, right] = x ?? rangeOf(all.map((point) => point.x));
  const [bottom, top] = y ?? widen(rangeOf(all.map((point) => point.y)));
  const place = (point: Point): Place => ({
    x: round((100 * (point.x - left)) / (right - left)),
    y: round((100 * (top - point.y)) / (top - bottom)),
  });
  const drawMarker = ({ x: value, label }: Marker): Html => {
    const at = place({ x: value, y: bottom });
    return html`<line class="marker" x1="${at.x}%" x2="${at.x}%" y2="100%"><title>${label}</title></line>`;
  };
  const told = series.filter(({ kind }) => kind !== "faint");
  return html`<figure class="chart">
    <figcaption>
      <b><bdi>${title}</bdi></b>
      ${told.map(({ label, color }) => html`<span class="key color-${color}">${label}</span>`)}
    </figcaption>
    <div class="plot">
      <svg role="img" aria-label="${title}">
        <desc>${told.map((one) => describe(one, xLabel)).join(" ")}</desc>
        ${niceTicks(bottom, top, mostSteps).map((value) => drawRow(value, place({ x: left, y: value })))}
        ${niceTicks(left, right, mostSteps).map((value) => drawColumn(value, place({ x: value, y: bottom })))}
        <line class="axis" x2="100%" y1="100%" y2="100%" />
        <text x="50%" y="100%" dy="2.8em" text-anchor="middle">${xLabel}</text>
        ${marker ? drawMarker(marker) : null}
        <svg class="lines" viewBox="0 0 100 100" preserveAspectRatio="none">
          ${series.map((one) => drawPath(one, place))}
        </svg>
        ${series.filter(({ kind }) => kind === "marked").map((one) => drawPoints(one, place))}
      </svg>
    </div>
  </figure>`;
};
