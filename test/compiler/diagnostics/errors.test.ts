/** `npm run docs` writes ERRORS.md anew. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { CodePage } from "../../../compiler/diagnostics/codes/code-page.ts";
import { codeChapters } from "../../../compiler/diagnostics/codes/codes.ts";
import { renderErrors } from "./render-errors.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const pages = Object.values(codeChapters).flatMap((chapter): readonly (readonly [string, CodePage])[] =>
  Object.entries(chapter),
);
const codes = pages.map(([code]) => code);

const readAll = (folder: string): string =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|txt)$/.test(name) && !name.startsWith(join("diagnostics", "codes")))
    .map((name) => readFileSync(join(root, folder, name), "utf8"))
    .join("\n");

test("ERRORS.md is what the codes and the cases say", async () => {
  await expect(renderErrors()).toMatchFileSnapshot(join(root, "ERRORS.md"));
});

test("each code has a case with the exact text of its error", () => {
  const tests = readAll("test");
  expect(codes.filter((code) => !tests.includes(`(${code})`))).toStrictEqual([]);
});

test("each code is raised", () => {
  const sources = readAll("compiler");
  const isRaised = (code: string): boolean =>
    sources.includes(`"${code}"`) || (code.endsWith("-divide-width") && sources.includes("-divide-width`"));
  expect(codes.filter((code) => !isRaised(code))).toStrictEqual([]);
});

test("each page tells what its error means in sentences, and no two the same", () => {
  const told = pages.map(([, { means }]) => means);
  expect(new Set(told).size).toBe(told.length);
  expect(told.filter((text) => !/^\S.*\.$/.test(text))).toStrictEqual([]);
});
