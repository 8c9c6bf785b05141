import type { Diagnostic, SourceSpan } from "./diagnostic.ts";

/** The line of a span, with marks below. */
const printMarked = ({ line, column, length, text }: SourceSpan): readonly string[] => {
  const gutter = String(line);
  const blank = " ".repeat(gutter.length);
  // Tabs are kept so that the marks stand below the text in any tab width.
  const indent = text.slice(0, column - 1).replaceAll(/[^\t]/g, " ");
  return [`  ${gutter} | ${text}`, `  ${blank} | ${indent}${"^".repeat(Math.max(1, length))}`];
};

/**
 * A diagnostic as people read it:
 *
 *     spec/ast.ts:47:27 error: 192 channels cannot be divided among 5 heads (heads-divide-width)
 *       47 |   attention({ heads })
 *          |               ^^^^^
 *       heads is 5 here, passed on from spec/ast.ts:60
 *       60 |   block(5)
 *          |         ^
 *       fix: choose a divisor of 192
 */
export const printDiagnostic = ({ code, message, span, fix }: Diagnostic): string => {
  const place = span ? `${span.file}:${span.line}:${span.column} ` : "";
  const origin = span?.origin;
  return [
    `${place}error: ${message} (${code})`,
    ...(span ? printMarked(span) : []),
    ...(origin ? [`  ${origin.message}`, ...printMarked(origin.span)] : []),
    ...(fix ? [`  fix: ${fix}`] : []),
  ].join("\n");
};
