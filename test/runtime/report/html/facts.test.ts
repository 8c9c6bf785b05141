import { expect, test } from "vitest";
import { quoteCommand } from "../../../../runtime/report/html/facts.ts";

test("words that a shell would change are quoted", () => {
  expect(quoteCommand(["runtime", "train", "my graph.onnx", "--lr", "1e-4", "it's", ""])).toBe(
    String.raw`runtime train 'my graph.onnx' --lr 1e-4 'it'\''s' ''`,
  );
});
