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

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** Default: from the data. */
  readonly x?: Range | undefined;
  readonly y?: Range | undefined;
  /** A vertical line. */
  readonly marker?: { readonly x: number; readonly label: string } | undefined;
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

const drawSeries = ({ label, color, kind, points }: Series, place: (point: Point) => Point): Html => {
  const path = points
    .map(place)
    .map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${round(x)} ${round(y)}`)
    .join("");
  const marks = kind === "marked" ? points : [];
  return html`<g class="series ${kind} color-${color}"
    ><path d="${path}" />${marks.map((point) => {
      const { x, y } = place(point);
      return html`<circle cx="${round(x)}" cy="${round(y)}" r="${marks.length > 60 ? 1.5 : 3}"
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
    x: margin.left + ((point.x - left) / (right - left)) * inner.width,
    y: margin.top + ((top - point.y) / (top - bottom)) * inner.height,
  });
  const [xEnd, yEnd] = [width - margin.right, height - margin.bottom];
  const rows = niceTicks(bottom, top, Math.round(inner.height / 45)).map((tick) => {
    const at = round(place({ x: left, y: tick }).y);
    return html`<line class="grid" x1="${margin.left}" x2="${xEnd}" y1="${at}" y2="${at}" /><text
        x="${margin.left - 7}"
        y="${at + 4}"
        text-anchor="end"
        >${formatTick(tick)}</text
      >`;
  });
  const columns = niceTicks(left, right, Math.round(inner.width / 75)).map((tick) => {
    const at = round(place({ x: tick, y: bottom }).x);
    return html`<line class="tick" x1="${at}" x2="${at}" y1="${yEnd}" y2="${yEnd + 4}" /><text
        x="${at}"
        y="${yEnd + 16}"
        text-anchor="middle"
        >${formatTick(tick)}</text
      >`;
  });
  const line = marker && round(place({ x: marker.x, y: bottom }).x);
  const legend = series.filter(({ kind }) => kind !== "faint");
  return html`<figure class="chart">
    <figcaption>
      <b>${title}</b> ${legend.map(({ label, color }) => html`<span class="key color-${color}">${label}</span>`)}
    </figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
      ${rows} ${columns}
      <line class="axis" x1="${margin.left}" x2="${xEnd}" y1="${yEnd}" y2="${yEnd}" />
      <text x="${margin.left + inner.width / 2}" y="${height - 5}" text-anchor="middle">${xLabel}</text>
      ${line === undefined ? null : html`<line class="marker" x1="${line}" x2="${line}" y1="${margin.top}" y2="${yEnd}"><title>${marker?.label ?? ""}</title></line>`}
      ${series.map((one) => drawSeries(one, place))}
    </svg>
  </figure>`;
};
