import { expect, test } from "vitest";
import { unreadLast } from "../../../runtime/engine/unread-last.ts";

const node = (name: string, input: readonly string[]) => ({ name, opType: "Sum", input: [...input], output: [name] });

test("what no node reads comes last, the first of it last of all", () => {
  const forward = [node("a", ["x"]), node("b", ["a"]), node("loss", ["b"])];
  const backward = [node("db", ["b"]), node("wb", ["db", "a"]), node("da", ["db"]), node("wa", ["da", "x"])];
  const names = unreadLast([...forward, ...backward]).map(({ name }) => name);
  expect(names).toStrictEqual(["a", "b", "db", "da", "wa", "wb", "loss"]);
});
