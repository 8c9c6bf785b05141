import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./runtime/audio/temporary-folder.ts";

/** The folder of `half` that a file is in; undefined for what all of them share, or make together. */
const roomOf = (half: string, file: string): string | undefined => {
  const [first, ...rest] = relative(half, file).split(sep);
  return rest.length === 0 || first === ".." ? undefined : first;
};

/** By room, those that it imports. */
const importsOfRooms = (half: string): ReadonlyMap<string, ReadonlySet<string>> => {
  const rooms = new Map<string, Set<string>>();
  for (const name of readdirSync(half, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const file = join(half, name);
    const from = roomOf(half, file);
    if (from === undefined) continue;
    const imported = rooms.get(from) ?? new Set();
    rooms.set(from, imported);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/ from "(\.[^"]+)"/g)) {
      const to = roomOf(half, join(dirname(file), path));
      if (to !== undefined && to !== from) imported.add(to);
    }
  }
  return rooms;
};

/** Rooms that are left when all are taken away that lean on none of the others. */
const circlesIn = (imports: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] => {
  const left = new Set(imports.keys());
  for (;;) {
    const free = [...left].find((room) => ![...(imports.get(room) ?? [])].some((other) => left.has(other)));
    if (free === undefined) return [...left];
    left.delete(free);
  }
};

test.each(["compiler", "runtime"])("no room of %s/ leans on one that leans on it", (half) => {
  const imports = importsOfRooms(half);
  expect(imports.size).toBeGreaterThan(5);
  expect(circlesIn(imports)).toStrictEqual([]);
});

test("a circle over several rooms, and over imports of types, is found", () => {
  const half = temporaryFolder({
    "top.ts": 'import { a } from "./a/one.ts";',
    "a/one.ts": 'import { top } from "../top.ts";\nimport { b } from "../b/deep/one.ts";',
    "b/deep/one.ts": 'import type {\n  C,\n} from "../../c/one.ts";',
    "c/one.ts": 'export type { A } from "../a/two.ts";',
    "a/two.ts": 'import { d } from "../d/one.ts";',
    "d/one.ts": 'import { readFileSync } from "node:fs";',
  });
  expect(circlesIn(importsOfRooms(half)).toSorted()).toStrictEqual(["a", "b", "c"]);
});
