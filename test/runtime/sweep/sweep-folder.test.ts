/** Which sweep a folder belongs to. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { closeSweep, defaultFolder, describeSweep, openSweep } from "../../../runtime/sweep/sweep-folder.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { saying } from "../saying.ts";

const graphs = (names: readonly string[], seeds: readonly number[], digest = "1") =>
  names.flatMap((variant) => seeds.map((seed) => ({ variant, seed, out: "", digest: `${variant}${digest}` })));

const own = graphs(["a", "b"], [0, 1]);

/** A folder with a sweep, of which a run has begun. */
const begin = async (isBegun = true): Promise<string> => {
  const out = join(temporaryFolder(), "out");
  closeSweep(await openSweep(out, describeSweep(out, own, { data: join(out, "../clips"), epochs: 3 })));
  if (isBegun) {
    mkdirSync(join(out, "b", "seed-0"), { recursive: true });
    writeFileSync(join(out, "b", "seed-0", "config.json"), "");
  }
  return out;
};

test.each([
  [own, { epochs: 4 }, "epochs is 3 there, and 4 here"],
  [own, { epochs: undefined }, "epochs is 3 there, and not given here"],
  [own, { data: "other" }, "data is ../clips there, and ../other here"],
  [own, { fold: 2 }, "fold is not given there, and 2 here"],
  [graphs(["a", "b"], [0, 1, 2]), {}, "its seeds are 0, 1 there, and 0, 1, 2 here"],
  [graphs(["a", "c"], [0, 1]), {}, "its variants are a, b there, and a, c here"],
  [graphs(["a", "b"], [0, 1], "2"), {}, "the spec of a has changed"],
] as const)("another sweep than what has begun is refused: %#", async (listed, changed, difference) => {
  const out = await begin();
  const data = "data" in changed ? join(out, "..", changed.data) : join(out, "../clips");
  const now = describeSweep(out, listed, { epochs: 3, ...changed, data });
  await expect(openSweep(out, now)).rejects.toThrow(
    saying(`${out}: belongs to another sweep: ${difference}; name another folder with --out`),
  );
  expect(existsSync(join(out, "sweep.lock"))).toBe(false);
});

test("what has not begun makes room, and takes its graphs with it", async () => {
  const out = await begin(false);
  const graph = join(out, "a", "seed-0.onnx");
  mkdirSync(join(out, "a"));
  writeFileSync(graph, "");
  const now = describeSweep(out, own, { epochs: 4 });
  closeSweep(await openSweep(out, now));
  expect(existsSync(graph)).toBe(false);
  writeFileSync(graph, "");
  closeSweep(await openSweep(out, now));
  expect(existsSync(graph)).toBe(true);
  expect(JSON.parse(readFileSync(join(out, "sweep.json"), "utf8"))).toStrictEqual(now);
});

test("a folder of something else, one of a damaged record, and one where a sweep is at work", async () => {
  const folder = temporaryFolder({ "own/notes.txt": "", "damaged/sweep.json": "{}" });
  const open = (name: string) => openSweep(join(folder, name), describeSweep(join(folder, name), own, {}));
  await expect(open("own")).rejects.toThrow(
    saying(`${folder}/own: a sweep needs a folder of its own, and it holds notes.txt; name another folder with --out`),
  );
  await expect(open("damaged")).rejects.toThrow(
    saying(`${folder}/damaged/sweep.json: the file is damaged: it does not tell of a sweep`),
  );
  const files = await open("busy");
  writeFileSync(
    files.lock,
    JSON.stringify({ pid: process.ppid, host: JSON.parse(readFileSync(files.lock, "utf8")).host }),
  );
  // What the record says may be another's by then: it is read by who has the lock.
  writeFileSync(files.sweep, "{}");
  await expect(open("busy")).rejects.toThrow(
    saying(
      `${folder}/busy: process ${process.ppid} is at work there; wait for its end or stop it. If that is another program, delete ${files.lock}`,
    ),
  );
});

test("without a name, after the spec", () => {
  expect([defaultFolder("spec/ablations/overlap.ts"), defaultFolder("birds.ts")]).toStrictEqual([
    "runs/overlap-sweep",
    "runs/birds-sweep",
  ]);
});
