import { expect, test } from "vitest";
import { formatTable } from "../../../compiler/artifact/format-table.ts";

test("tables", () => {
  const rows = [
    ["class", "clips"],
    ["dog", "7"],
  ];
  expect(formatTable(rows)).toBe("class  clips\ndog        7");
  expect(formatTable(rows, "left")).toBe("class  clips\ndog    7");
});
