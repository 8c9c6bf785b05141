import type { Diagnostic } from "./diagnostic.ts";

/**
 * A diagnostic as people read it:
 *
 *     spec/ast.ts:47:27 error: 192 channels cannot be divided among 5 heads (heads-divide-width)
 *       47 |   attention({ heads: 5 })
 *          |                      ^
 *       fix: choose a divisor of 192
 */
export const printDiagnostic = ({ code, message, span, fix }: Diagnostic): string => {
  const place = span ? `${span.file}:${span.line}:${span.column} ` : "";
  const lines = [`${place}error: ${message} (${code})`];
  if (span) {
    const gutter = String(span.line);
    const blank = " ".repeat(gutter.length);
    // Tabs are kept so that the marks stand below the text in any tab width.
    const indent = span.text.slice(0, span.column - 1).replaceAll(/[^\t]/g, " ");
    lines.push(`  ${gutter} | ${span.text}`, `  ${blank} | ${indent}${"^".repeat(Math.max(1, span.length))}`);
  }
  if (fix) lines.push(`  fix: ${fix}`);
  return lines.join("\n");
};
