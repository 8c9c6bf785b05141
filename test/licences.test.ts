/** The product is Apache-2.0: what is installed with it may not be GPL or AGPL, whatever its package says. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
}

const root = new URL("../", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), "utf8");
const { packages } = JSON.parse(read("package-lock.json")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const shipped = Object.entries(packages)
  .filter(([path, { dev }]) => path !== "" && dev !== true)
  .map(([path, { license = "none" }]) => ({ name: path.replace(/^.*node_modules\//, ""), license }));

const permissive = new Set([
  "MIT",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "Unlicense",
  "Zlib",
]);
/** Libraries that may be linked and exchanged; the README names them. */
const lesser = new Map([["codec-parser", "LGPL-3.0-or-later"]]);
/** What binds only who changes these files themselves; and a font under that of Bitstream Vera, which allows all but selling it alone. */
const ownFiles = new Map([
  ["@resvg/resvg-wasm", "MPL-2.0"],
  ["dejavu-fonts-ttf", "SEE LICENSE IN README.md AND LICENSE"],
]);
/** They declare a permissive licence and carry code under another. */
const carriesGpl = new Set(
  ["decode-aac", "decode-ac3", "decode-eac3", "decode-dts", "decode-webm", "decode-mp4", "decode-avi"]
    .map((name) => `@audio/${name}`)
    .concat("audio-decode", "ffmpeg-static", "@ffmpeg/core"),
);
const carriesLesser = new Map([["mpg123-decoder", "mpg123, LGPL-2.1"]]);

/** Of alternatives one must do; of licences that hold together, all. */
const isPermissive = (expression: string): boolean =>
  expression
    .replaceAll(/[()]/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((licence) => permissive.has(licence)));

const isAllowed = ({ name, license }: (typeof shipped)[number]): boolean =>
  !carriesGpl.has(name) && (isPermissive(license) || lesser.get(name) === license || ownFiles.get(name) === license);

test("a licence is judged by all its parts", () => {
  expect(["MIT", "(MIT OR GPL-3.0-only)", "MIT AND ISC"].every(isPermissive)).toBe(true);
  expect(["GPL-2.0-only", "AGPL-3.0", "MIT AND GPL-3.0-only", "LGPL-3.0", "none"].some(isPermissive)).toBe(false);
  expect(isAllowed({ name: "@audio/decode-aac", license: "MIT" })).toBe(false);
});

test("no package that is installed with the product is GPL", () => {
  expect(shipped.length).toBeGreaterThan(20);
  expect(shipped.filter((each) => !isAllowed(each))).toEqual([]);
});

test("the README names those that are LGPL", () => {
  const readme = read("README.md");
  const names = shipped.map(({ name }) => name).filter((name) => lesser.has(name) || carriesLesser.has(name));
  expect(names).toEqual(["codec-parser", "mpg123-decoder"]);
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
