import { nearestNames } from "../../artifact/nearest-names.ts";
import type { CodePage } from "./code-page.ts";
import { codeChapters } from "./codes.ts";

/** Of what has a number of TypeScript's. */
const typeScriptPage: CodePage = {
  means:
    "TypeScript finds this in the spec, and says it in its own words; the number is TypeScript's, under which much is written about it. An editor marks it, too.",
};

/** All codes with their pages. */
const pages: ReadonlyMap<string, CodePage> = new Map(
  Object.values(codeChapters).flatMap((chapter): readonly (readonly [string, CodePage])[] => Object.entries(chapter)),
);

/** @returns the page of a code, else the codes that it may be meant for */
export const findCodePage = (code: string): CodePage | readonly string[] =>
  pages.get(code) ?? (/^TS\d+$/.test(code) ? typeScriptPage : nearestNames(code, [...pages.keys()]));
