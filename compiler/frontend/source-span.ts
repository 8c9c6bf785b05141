import { relative } from "node:path";
import type { Node, ts } from "ts-morph";
import type { SourceSpan } from "../diagnostics/diagnostic.ts";

export const spanAt = (file: ts.SourceFile, start: number, end: number): SourceSpan => {
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  const text = file.text.split(/\r?\n/)[line] ?? "";
  return {
    file: relative(process.cwd(), file.fileName),
    line: line + 1,
    column: character + 1,
    length: Math.max(1, Math.min(end - start, text.length - character)),
    text,
  };
};

export const spanOf = (node: Node): SourceSpan =>
  spanAt(node.getSourceFile().compilerNode, node.getStart(), node.getEnd());
