/** A whole recording as a picture: its spectrogram, and below it a lane for each class that is heard. */
import { formatFigure } from "../../../compiler/artifact/format-number.ts";
import { plural } from "../../../compiler/artifact/plural.ts";
import { html, type Html } from "../../text/html.ts";
import { frequencyAxis, timeAxis } from "./axes.ts";
import {
  type Box,
  drawFigure,
  drawFrequencyAxis,
  drawImage,
  drawScale,
  drawText,
  drawTimeAxis,
  label,
} from "./figure.ts";
import { layerImage, layerScale } from "./layer-image.ts";
import type { Columns } from "./recording-columns.ts";
import { spectrogramImage } from "./spectrogram-image.ts";

export interface Lane {
  readonly label: string;
  /** The highest in each column, from 0 to 1. */
  readonly scores: Float32Array;
  /** 1 in the columns that events of the class touch, 0 in others. */
  readonly events: Float32Array;
}

export interface TimelineFigure {
  /** The recording's name. */
  readonly title: string;
  /** The model's name, and how its windows lie. */
  readonly subtitle: string;
  readonly seconds: number;
  readonly spectrogram: Columns & {
    /** [columns, bins], low bins first. */
    readonly means: Float32Array;
    readonly bins: number;
    readonly binsHz: readonly number[];
  };
  readonly scoreColumns: Columns;
  readonly lanes: readonly Lane[];
  /** Classes that have no lane. */
  readonly others: number;
  readonly hasEvents: boolean;
}

const width = 1180;
const plot = { x: 178, width: 972 };
const spectrogramHeight = 150;
const [lanePitch, laneHeight] = [24, 17];
/** Narrower events would not be seen. */
const leastEventWidth = 2;

/** Stretches of ones: [first, end). */
const stretchesOf = (marks: Float32Array): readonly (readonly [number, number])[] => {
  const stretches: [number, number][] = [];
  for (const [column, mark] of marks.entries()) {
    const last = stretches.at(-1);
    if (mark === 0) continue;
    if (last?.[1] === column) last[1] = column + 1;
    else stretches.push([column, column + 1]);
  }
  return stretches;
};

/** @returns SVG */
export const timelineFigure = (figure: TimelineFigure): string => {
  const { title, subtitle, seconds, spectrogram, scoreColumns, lanes, others, hasEvents } = figure;
  const seen: Box = { ...plot, y: 92, height: spectrogramHeight };
  const first = seen.y + seen.height + 34;
  const allLanes: Box = { ...plot, y: first, height: Math.max(1, lanes.length) * lanePitch };
  const height = allLanes.y + allLanes.height + (others > 0 ? 66 : 48);
  const { unit, ticks } = timeAxis(seconds, 10);
  /** So much of the plot columns take: the last may reach beyond the end, or not to it. */
  const across = ({ count, secondsPerColumn }: Columns): number => (plot.width * count * secondsPerColumn) / seconds;
  const spectrogramBox = { ...seen, width: across(spectrogram) };
  const perColumn = (plot.width * scoreColumns.secondsPerColumn) / seconds;

  const drawLane = ({ label: name, scores, events }: Lane, row: number): Html => {
    const box: Box = { x: plot.x, y: first + row * lanePitch, width: plot.width, height: laneHeight };
    const most = scores.reduce((high, score) => Math.max(high, score), 0);
    return html`<g
      ><title>${label(name, 200)}: ${formatFigure(most)} at most</title
      >${drawText(box.x - 8, box.y + 13, label(name, 23), { anchor: "end" })}<rect
        class="groove"
        x="${box.x}"
        y="${box.y}"
        width="${box.width}"
        height="${box.height}"
      />${scores.length === 0 ? null : drawImage({ ...box, width: across(scoreColumns) }, layerImage(scores, scores.length, "blue"))}${stretchesOf(
        events,
      ).map(([from, end]) => {
        const x = box.x + from * perColumn;
        const wide = Math.max(leastEventWidth, Math.min((end - from) * perColumn, box.x + box.width - x));
        return html`<rect
          class="event"
          x="${x.toFixed(1)}"
          y="${box.y}"
          width="${wide.toFixed(1)}"
          height="${box.height}"
          rx="2"
        />`;
      })}</g
    >`;
  };

  const content = [
    drawText(plot.x, 34, label(title, 80), { kind: "title" }),
    drawText(plot.x, 56, subtitle, { kind: "soft" }),
    drawText(plot.x, seen.y - 9, "Spectrogram: log-mel, Hz", { kind: "head" }),
    // What reaches beyond the end is cut.
    html`<svg x="${plot.x}" y="${seen.y}" width="${plot.width}" height="${seen.height}">
      ${drawImage({ ...spectrogramBox, x: 0, y: 0 }, spectrogramImage(spectrogram.means, spectrogram.bins, { widest: 2 * plot.width }))}
    </svg>`,
    drawFrequencyAxis(seen, frequencyAxis(spectrogram.binsHz)),
    drawTimeAxis(seen, ticks, false),
    drawText(plot.x, first - 10, hasEvents ? "Scores, and events in outline" : "Scores", { kind: "head" }),
    drawScale(plot.x + plot.width, first - 10, layerScale("blue"), "0", "1"),
    html`<svg x="0" y="0" width="${plot.x + plot.width}" height="${height}">${lanes.map(drawLane)}</svg>`,
    ...(lanes.length === 0 ? [drawText(plot.x, first + 13, "no window was heard", { kind: "soft" })] : []),
    drawTimeAxis(allLanes, ticks),
    drawText(plot.x + plot.width / 2, allLanes.y + allLanes.height + 34, `time, ${unit}`, {
      kind: "soft",
      anchor: "middle",
    }),
    ...(others > 0
      ? [
          drawText(
            plot.x,
            height - 12,
            `${others} more ${plural(others, "class", "classes")}, whose highest scores are lower, ${plural(others, "has", "have")} no lane`,
            { kind: "soft" },
          ),
        ]
      : []),
  ];
  const heard = lanes.map((lane) => label(lane.label, 60)).join(", ");
  return drawFigure(
    { width, height },
    label(title, 200),
    `Spectrogram of ${label(title, 200)}, and over its time the scores of ${heard}.`,
    content,
  );
};
