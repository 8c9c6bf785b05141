import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./runtime/audio/temporary-folder.ts";

/** Where in a house a file is; undefined for what all rooms share, or make together. */
type RoomOf = (house: string, file: string) => string | undefined;

/** The folder in the house that a file is in, with all below it. */
const largeRoomOf: RoomOf = (house, file) => {
  const [first, ...rest] = relative(house, file).split(sep);
  return rest.length === 0 || first === ".." ? undefined : first;
};

/** The innermost folder. */
const smallRoomOf: RoomOf = (house, file) =>
  largeRoomOf(house, file) === undefined ? undefined : relative(house, dirname(file));

/** By room, those that it imports. */
const importsOfRooms = (house: string, roomOf: RoomOf = largeRoomOf): ReadonlyMap<string, ReadonlySet<string>> => {
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

/** A folder and all below it. */
const foldersIn = (folder: string): readonly string[] => [
  folder,
  ...readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => foldersIn(join(folder, name))),
];

const houses = ["compiler", "runtime"].flatMap(foldersIn).filter((folder) => importsOfRooms(folder).size > 1);

test("there are houses of several rooms, within each other", () => {
  expect(houses).toContain("compiler");
  expect(houses).toContain("runtime");
  expect(houses).toContain(join("runtime", "audio", "formats"));
});

test.each(houses)("no room of %s/ leans on one that leans on it", (house) => {
  expect(circlesIn(importsOfRooms(house))).toStrictEqual([]);
});

test("no folder of the compiler, however deep, leans on one that leans on it", () => {
  const imports = importsOfRooms("compiler", smallRoomOf);
  expect([...imports.keys()]).toContain(join("weights", "layouts"));
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
  expect(circlesIn(importsOfRooms(house)).toSorted()).toStrictEqual(["a", "b", "c"]);
  expect(circlesIn(importsOfRooms(house, smallRoomOf)).toSorted()).toStrictEqual(["a", join("b", "deep"), "c"]);
});

test("ARCHITECTURE.md lists the rooms of the runtime, each above all that it imports", () => {
  const [, text = ""] = readFileSync("ARCHITECTURE.md", "utf8").split("\n## The runtime\n");
  const [table = ""] = text.slice(text.indexOf("| folder |")).split("\n\n");
  const listed = Array.from(table.matchAll(/^\| `([^`]+)\/` /gm), ([, room = ""]) => room);
  const imports = importsOfRooms("runtime");
  expect(listed.toSorted()).toStrictEqual([...imports.keys()].toSorted());
  const upwards = listed.flatMap((room, place) =>
    listed.slice(0, place).flatMap((above) => (imports.get(room)?.has(above) ? [`${room} imports ${above}`] : [])),
  );
  expect(upwards).toStrictEqual([]);
});
