import { expect, test } from "vitest";
import { loadAhead } from "../../../runtime/data/load-ahead.ts";

test.each([0, 1, 2])("%d items are loaded ahead, and no more", async (ahead) => {
  const asked: number[] = [];
  const load = async (item: number): Promise<number> => {
    asked.push(item);
    return item * 10;
  };
  const iterator = loadAhead([...Array(10).keys()], load, ahead);
  expect(await iterator.next()).toStrictEqual({ done: false, value: 0 });
  expect(asked).toHaveLength(1 + ahead);
  expect(await iterator.next()).toStrictEqual({ done: false, value: 10 });
  expect(asked).toHaveLength(2 + ahead);
  await iterator.return();
});

test("items keep their order, however long each takes", async () => {
  const load = (delay: number): Promise<number> =>
    new Promise((resolve) => {
      setTimeout(() => resolve(delay), delay);
    });
  const loaded = [];
  for await (const delay of loadAhead([9, 1, 5, 0], load)) loaded.push(delay);
  expect(loaded).toStrictEqual([9, 1, 5, 0]);
});

test("an item that cannot be loaded fails when it is due", async () => {
  const load = (item: number) => (item === 1 ? Promise.reject(new Error("1 is broken")) : Promise.resolve(item));
  const iterator = loadAhead([0, 1, 2], load);
  expect(await iterator.next()).toStrictEqual({ done: false, value: 0 });
  await new Promise((resolve) => setTimeout(resolve, 10)); // the failure is known by now, and not yet thrown
  await expect(iterator.next()).rejects.toThrow("1 is broken");
});
