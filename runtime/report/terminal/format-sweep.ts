import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatFigure,
} from "../../../compiler/artifact/format-number.ts";
import { formatTable } from "../../../compiler/artifact/format-table.ts";
import type { SweepResult, VariantResult } from "../../sweep/summarize-sweep.ts";

const orDash = (count: number | null): string => (count === null ? "-" : formatExact(count));

/** A sweep's table: a heading, and a row of each variant. */
const sweepTable = ({ figure, variants }: SweepResult): readonly (readonly string[])[] => {
  const hasRuns = variants.some(({ runs }) => runs.length > 1);
  const hasEnsembles = variants.some(({ ensemble }) => ensemble !== null);
  const row = (result: VariantResult): readonly string[] => [
    result.variant,
    orDash(result.patches),
    orDash(result.tokens),
    formatCount(result.parameters),
    formatCount(result.flops),
    formatBytes(result.memoryBytes),
    result.seconds === null ? "-" : formatDuration(result.seconds),
    formatFigure(result.spread.mean),
    ...(hasRuns ? [formatFigure(result.spread.deviation)] : []),
    ...(hasEnsembles ? [formatFigure(result.ensemble)] : []),
  ];
  return [
    [
      "variant",
      "patches",
      "tokens",
      "parameters",
      "FLOPs",
      "memory",
      "time",
      figure,
      ...(hasRuns ? ["+-"] : []),
      ...(hasEnsembles ? ["ensemble"] : []),
    ],
    ...variants.map(row),
  ];
};

/** What the columns mean. */
export const describeSweepColumns = ({ variants }: SweepResult): string => {
  const [first] = variants;
  const runs = first?.runs.length ?? 0;
  const seeds = new Set(first?.runs.map(({ seed }) => seed)).size;
  const over =
    runs < 2
      ? ""
      : `; means over ${runs} runs with the sample deviation${seeds > 1 ? `, ensembles of ${seeds} seeds` : ""}`;
  return `FLOPs to infer a clip, memory to train, about, time of a run${over}`;
};

export const formatSweep = (result: SweepResult): string => {
  const { figure, ensemble } = result;
  const together =
    ensemble === null ? "" : `\nensemble of all ${ensemble.runs}: ${figure} ${formatFigure(ensemble.value)}`;
  return `${formatTable(sweepTable(result))}\n\n${describeSweepColumns(result)}${together}`;
};
