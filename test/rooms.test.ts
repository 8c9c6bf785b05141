import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const runtime = fileURLToPath(new URL("../runtime", import.meta.url));

/** The folder that a file is in; undefined for what all of them share, or make together. */
const roomOf = (file: string): string | undefined => {
  const [first, ...rest] = relative(runtime, file).split(sep);
  return rest.length === 0 || first === ".." ? undefined : first;
};

/** By room, those that it imports. */
const importsOfRooms = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const rooms = new Map<string, Set<string>>();
  for (const name of readdirSync(runtime, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const file = join(runtime, name);
    const from = roomOf(file);
    if (from === undefined) continue;
    const imported = rooms.get(from) ?? new Set();
    rooms.set(from, imported);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/ from "(\.[^"]+)"/g)) {
      const to = roomOf(join(dirname(file), path));
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

test("no room of the runtime leans on one that leans on it", () => {
  const imports = importsOfRooms();
  expect(imports.size).toBeGreaterThan(5);
  expect(circlesIn(imports)).toStrictEqual([]);
});
