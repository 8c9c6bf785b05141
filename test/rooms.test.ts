import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./runtime/audio/temporary-folder.ts";

/** Where in a house a file is; undefined for what all rooms share, or make together. */
type RoomOf = (house: string, file: string) => string | undefined;

/** The innermost folder. */
const folderOf: RoomOf = (house, file) => {
  const folder = relative(house, dirname(file));
  return folder === "" || folder.startsWith("..") ? undefined : folder;
};

/** The folder of the house itself, with all below it. */
const roomOf: RoomOf = (house, file) => folderOf(house, file)?.split(sep)[0];

/** By room, those that it imports. */
const importsOf = (house: string, roomOf: RoomOf): ReadonlyMap<string, ReadonlySet<string>> => {
  const rooms = new Map<string, Set<string>>();
  for (const name of readdirSync(house, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const file = join(house, name);
    const from = roomOf(house, file);
    if (from === undefined) continue;
    const imported = rooms.get(from) ?? new Set();
    rooms.set(from, imported);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/ from "(\.[^"]+)"/g)) {
      const to = roomOf(house, join(dirname(file), path));
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

test.each([
  ["compiler", join("weights", "layouts")],
  ["runtime", join("audio", "formats", "ogg")],
])("no folder of %s/, however deep, leans on one that leans on it", (house, deep) => {
  const imports = importsOf(house, folderOf);
  expect([...imports.keys()]).toContain(deep);
  expect(circlesIn(imports)).toStrictEqual([]);
});

test("a circle over several rooms, and over imports of types, is found", () => {
  const house = temporaryFolder({
    "top.ts": 'import { a } from "./a/one.ts";',
    "a/one.ts": 'import { top } from "../top.ts";\nimport { b } from "../b/deep/one.ts";',
    "b/deep/one.ts": 'import type {\n  C,\n} from "../../c/one.ts";',
    "c/one.ts": 'export type { A } from "../a/two.ts";',
    "a/two.ts": 'import { d } from "../d/one.ts";',
    "d/one.ts": 'import { readFileSync } from "node:fs";',
  });
  expect(circlesIn(importsOf(house, folderOf)).toSorted()).toStrictEqual(["a", join("b", "deep"), "c"]);
});

test("ARCHITECTURE.md lists the rooms of the runtime, each above all that it imports", () => {
  const [, text = ""] = readFileSync("ARCHITECTURE.md", "utf8").split("\n## The runtime\n");
  const [table = ""] = text.slice(text.indexOf("| folder |")).split("\n\n");
  const listed = Array.from(table.matchAll(/^\| `([^`]+)\/` /gm), ([, room = ""]) => room);
  const imports = importsOf("runtime", roomOf);
  expect(listed.toSorted()).toStrictEqual([...imports.keys()].toSorted());
  const upwards = listed.flatMap((room, place) =>
    listed.slice(0, place).flatMap((above) => (imports.get(room)?.has(above) ? [`${room} imports ${above}`] : [])),
  );
  expect(upwards).toStrictEqual([]);
});
