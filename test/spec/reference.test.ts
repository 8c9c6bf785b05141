/** `npm run docs` writes REFERENCE.md anew. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { silentProperties } from "./public-modules.ts";
import { listedEntries, renderReference } from "./render-reference.ts";

test("REFERENCE.md is what the comments say", async () => {
  await expect(renderReference()).toMatchFileSnapshot(fileURLToPath(new URL("../../REFERENCE.md", import.meta.url)));
});

test("everything has a comment, and what may be left out a default", () => {
  const silent = listedEntries.flatMap(({ name, text, options }) => [
    ...(text === "" ? [name] : []),
    ...options
      .filter((option) => option.text === "" || (option.isOptional && option.default === undefined))
      .map((option) => `${name}.${option.name}`),
  ]);
  expect(silent).toEqual([]);
});

test("each part of a type has a comment in the editor, and what may be left out its default", () => {
  expect(silentProperties).toStrictEqual([]);
});
