import { describe, expect, test } from "vitest";
import { CompileError } from "../../../compiler/diagnostics/diagnostic.ts";
import { printDiagnostic } from "../../../compiler/diagnostics/print-diagnostic.ts";

const code = "heads-divide-width";
const message = "192 channels cannot be divided among 5 heads";

describe("printDiagnostic", () => {
  test("with a place and a fix", () => {
    const span = { file: "spec/ast.ts", line: 47, column: 24, length: 1, text: "  attention({ heads:   5 })" };
    expect(printDiagnostic({ code, message, span, fix: "choose a divisor of 192" })).toBe(
      `spec/ast.ts:47:24 error: 192 channels cannot be divided among 5 heads (heads-divide-width)
  47 |   attention({ heads:   5 })
     |                        ^
  fix: choose a divisor of 192`,
    );
  });

  test("without a place", () => {
    expect(printDiagnostic({ code, message })).toBe(`error: ${message} (${code})`);
  });

  test("marks stand below text that is indented by tabs", () => {
    const span = { file: "a.ts", line: 7, column: 4, length: 3, text: "\t\tx = 123;" };
    expect(printDiagnostic({ code, message, span }).split("\n").slice(1)).toStrictEqual([
      "  7 | \t\tx = 123;",
      "    | \t\t ^^^",
    ]);
  });
});

test("an error's message is the messages of all that was found", () => {
  const error = new CompileError([
    { code: "no-layer", message: "one" },
    { code: "no-classes", message: "two" },
  ]);
  expect(error.message).toBe("one\ntwo");
});
