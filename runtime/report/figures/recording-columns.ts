/** A recording of any length as columns of a picture, in memory that does not grow with it. */

export interface Columns {
  readonly secondsPerColumn: number;
  /** As many as the recording has taken. */
  readonly count: number;
}

interface Held {
  /** As many numbers as a column has. */
  readonly rows: number;
  /** What a column has where two are made one. */
  readonly join: (values: Float32Array, into: number, from: number) => void;
}

/** Enough for the widest picture: where a recording takes more, each two of them become one. */
const mostColumns = 2048;

/** Values [columns, rows] over time; columns become longer as the recording does. */
const createGrid = ({ rows, join }: Held, secondsAtFirst: number) => {
  const values = new Float32Array(mostColumns * rows);
  let [secondsPerColumn, count] = [secondsAtFirst, 0];
  const fold = (): void => {
    for (let column = 0; column < mostColumns; column++) {
      const into = Math.floor(column / 2) * rows;
      if (column % 2 === 0) values.copyWithin(into, column * rows, (column + 1) * rows);
      else join(values, into, column * rows);
    }
    values.fill(0, (mostColumns / 2) * rows);
    secondsPerColumn *= 2;
    count = Math.ceil(count / 2);
  };
  return {
    values,
    columns: (): Columns => ({ secondsPerColumn, count }),
    /** The column that a time falls in. */
    columnAt: (seconds: number): number => {
      // What times lose in floating point is of no column before.
      const place = () => Math.floor(seconds / secondsPerColumn + 1e-6);
      while (place() >= mostColumns) fold();
      count = Math.max(count, place() + 1);
      return place();
    },
  };
};

/** @param bins of a frame */
export const createSpectrogramColumns = (bins: number, frameShiftSeconds: number) => {
  // The sums of a column's frames, and after them how many these are.
  const rows = bins + 1;
  const join: Held["join"] = (values, into, from) => {
    for (let row = 0; row < rows; row++) values[into + row] = (values[into + row] ?? 0) + (values[from + row] ?? 0);
  };
  const { values, columns, columnAt } = createGrid({ rows, join }, frameShiftSeconds);
  return {
    /** @param frame [bins] */
    add: (seconds: number, frame: Float32Array): void => {
      const start = columnAt(seconds) * rows;
      for (let bin = 0; bin < bins; bin++) values[start + bin] = (values[start + bin] ?? 0) + (frame[bin] ?? 0);
      values[start + bins] = (values[start + bins] ?? 0) + 1;
    },
    columns,
    /** The means of the columns' frames, [columns, bins]; one that has none is as the one before it. */
    means: (): Float32Array => {
      const { count } = columns();
      const means = new Float32Array(count * bins);
      for (let column = 0; column < count; column++) {
        const frames = values[column * rows + bins] ?? 0;
        if (frames === 0) means.copyWithin(column * bins, (column - 1) * bins, column * bins);
        else
          for (let bin = 0; bin < bins; bin++) means[column * bins + bin] = (values[column * rows + bin] ?? 0) / frames;
      }
      return means;
    },
  };
};

/** The highest of each class within a column. */
export const createScoreColumns = (classes: number, secondsAtFirst: number) => {
  const join: Held["join"] = (values, into, from) => {
    for (let row = 0; row < classes; row++)
      values[into + row] = Math.max(values[into + row] ?? 0, values[from + row] ?? 0);
  };
  const { values, columns, columnAt } = createGrid({ rows: classes, join }, secondsAtFirst);
  return {
    /** @param scores [classes], of a stretch of the recording */
    add: (startSeconds: number, endSeconds: number, scores: Float32Array): void => {
      // Before the first, as columns may become longer with it. Where it ends it has no share of the next column.
      const short = columns().secondsPerColumn / 1000;
      const last = columnAt(Math.max(startSeconds, endSeconds - short));
      for (let column = columnAt(startSeconds); column <= last; column++)
        for (const [index, score] of scores.entries()) {
          const place = column * classes + index;
          values[place] = Math.max(values[place] ?? 0, score);
        }
    },
    columns,
    /** Of one class, [columns]. */
    of: (index: number): Float32Array =>
      Float32Array.from({ length: columns().count }, (_, column) => values[column * classes + index] ?? 0),
  };
};
