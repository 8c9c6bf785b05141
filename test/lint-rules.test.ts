import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("every rule about imports is one that oxlint keeps", () => {
  const text = readFileSync(new URL("../.oxlintrc.json", import.meta.url), "utf8");
  const regexes = [...text.matchAll(/"regex": (".*?[^\\]")/g)].map(([, source = '""']) => JSON.parse(source) as string);
  expect(regexes.length).toBeGreaterThan(5);
  // oxlint 1.89 drops a rule without a word where a regular expression of it looks ahead or back.
  expect(regexes.filter((regex) => /\(\?[=!<]/.test(regex))).toStrictEqual([]);
});
