/** Line charts as SVG. */
import type { Point } from "./curves.ts";
import { html, type Html } from "./html.ts";
import { niceTicks } from "./nice-ticks.ts";

export interface Series {
  readonly label: string;
  /** Which of the page's five colours. */
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
  readonly size?: { readonly width: number; readonly height: number } | undefined;
}

const margin = { left: 52, right: 14, top: 10, bottom: 38 };

/** Short, and the same for the same number. */
const formatTick = (value: number): string => {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-2 && size < 1e5)) return String(value);
  return value.toExponential().replace("e+", "e");
};

const rangeOf = (values: readonly number[]): Range => {
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  if (!Number.isFinite(low)) return [0, 1];
  return low < high ? [low, high] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
};

/** Room above and below, but none below 0 where nothing is below 0. */
const widen = ([low, high]: Range): Range => {
  const room = (high - low) * 0.05;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
};

const round = (value: number): number => Math.round(value * 10) / 10;

interface Tick {
  readonly value: number;
  /** "grid" runs through the chart; its number is to the left. */
  readonly kind: "grid" | "tick";
  readonly from: Point;
  readonly to: Point;
  readonly label: Point;
}

const drawTick = ({ value, kind, from, to, label }: Tick): Html =>
  html`<line class="${kind}" x1="${from.x}" x2="${to.x}" y1="${from.y}" y2="${to.y}" /><text
      x="${label.x}"
      y="${label.y}"
      text-anchor="${kind === "grid" ? "end" : "middle"}"
      >${formatTick(value)}</text
    >`;

const drawSeries = ({ label, color, kind, points }: Series, place: (point: Point) => Point): Html => {
  const path = points
    .map(place)
    .map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`)
    .join("");
  const marks = kind === "marked" ? points : [];
  return html`<g class="series ${kind} color-${color}"
    ><path d="${path}" />${marks.map((point) => {
      const { x, y } = place(point);
      return html`<circle cx="${x}" cy="${y}" r="${marks.length > 60 ? 1.5 : 3}"
        ><title>${label}: ${Number(point.y.toPrecision(4))}</title></circle
      >`;
    })}</g
  >`;
};

/** A figure with its legend; values that are not finite are left out. */
export const lineChart = ({ title, xLabel, series: given, x, y, marker, size }: LineChart): Html => {
  const { width, height } = size ?? { width: 520, height: 270 };
  const series = given
    .map((one) => ({ ...one, points: one.points.filter((point) => Number.isFinite(point.y)) }))
    .filter(({ points }) => points.length > 0);
  const all = series.flatMap(({ points }) => points);
  const [left, right] = x ?? rangeOf(all.map((point) => point.x));
  const [bottom, top] = y ?? widen(rangeOf(all.map((point) => point.y)));
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const place = (point: Point): Point => ({
    x: round(margin.left + ((point.x - left) / (right - left)) * inner.width),
    y: round(margin.top + ((top - point.y) / (top - bottom)) * inner.height),
  });
  const [xEnd, yEnd] = [width - margin.right, height - margin.bottom];
  const rows = niceTicks(bottom, top, Math.round(inner.height / 45)).map((value): Tick => {
    const { y } = place({ x: left, y: value });
    const label = { x: margin.left - 7, y: y + 4 };
    return { value, kind: "grid", from: { x: margin.left, y }, to: { x: xEnd, y }, label };
  });
  const columns = niceTicks(left, right, Math.round(inner.width / 75)).map((value): Tick => {
    const { x } = place({ x: value, y: bottom });
    return { value, kind: "tick", from: { x, y: yEnd }, to: { x, y: yEnd + 4 }, label: { x, y: yEnd + 16 } };
  });
  const drawMarker = ({ x: value, label }: Marker): Html => {
    const { x } = place({ x: value, y: bottom });
    return html`<line class="marker" x1="${x}" x2="${x}" y1="${margin.top}" y2="${yEnd}"
      ><title>${label}</title></line
    >`;
  };
  const legend = series.filter(({ kind }) => kind !== "faint");
  return html`<figure class="chart">
    <figcaption>
      <b>${title}</b> ${legend.map(({ label, color }) => html`<span class="key color-${color}">${label}</span>`)}
    </figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
      ${[...rows, ...columns].map(drawTick)}
      <line class="axis" x1="${margin.left}" x2="${xEnd}" y1="${yEnd}" y2="${yEnd}" />
      <text x="${margin.left + inner.width / 2}" y="${height - 5}" text-anchor="middle">${xLabel}</text>
      ${marker ? drawMarker(marker) : null} ${series.map((one) => drawSeries(one, place))}
    </svg>
  </figure>`;
};
