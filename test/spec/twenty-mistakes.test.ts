/**
 * Twenty mistakes that people new to specs make. Each is a case of `test/compiler/frontend/specs/`, where its error's whole text is
 * proven; here it is told which line is marked, and what the message must say.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const mistakes = [
  ["the objective is forgotten", "objective-missing", "spec.ts:3:16", "model needs objective, which is missing"],
  ["an option is forgotten", "options-missing", "spec.ts:6:13", "layerNorm needs eps, which is missing"],
  ["a name of a choice is misspelt", "window-misspelt", "spec.ts:5:74", '"hanning", "hamming", "povey", "rectangular"'],
  ["a schedule is not called", "builder-not-called", "spec.ts:11:42", "cosine is a function, and is not called here"],
  ["a layer is not called", "builder-not-called", "spec.ts:10:33", "gelu is a function, and is not called here"],
  ["an option is misspelt", "option-misspelt", "spec.ts:7:66", "training takes no epoch"],
  ["a function is misspelt", "name-misspelt", "spec.ts:1:10", '"specgraph" has no layerNrom'],
  ["an import is forgotten", "name-misspelt", "spec.ts:4:34", "gelu is not imported"],
  ["a number stands in quotes", "text-for-number", "spec.ts:6:33", 'learningRate takes a number, not "1e-3"'],
  ["an optimizer is called by a text", "text-for-builder", "spec.ts:5:15", "optimizer takes adam({ learningRate })"],
  ["braces of options are forgotten", "options-without-braces", "spec.ts:5:39", "padOrCut takes { frames }, not 24"],
  ["brackets of a list are forgotten", "list-forgotten", "spec.ts:5:3", "network takes a list of layers"],
  ["a comma is forgotten", "comma-forgotten", "spec.ts:5:3", "a comma is missing before seed"],
  ["environment variables are asked", "node-in-spec", "spec.ts:7:36", "and no process"],
  [
    "heads do not divide the width",
    "heads-through-helper",
    "block.ts:3:71",
    "heads is 5 here, passed on from spec.ts:8",
  ],
  ["a token was never added", "unknown-token", "spec.ts:8:5", "there is no token class; the tokens are cls, dist"],
  [
    "a residual changes the width",
    "residual-keeps-shape",
    "spec.ts:7:5",
    "a residual must keep its shape [batch, 6, 8]",
  ],
  ["tokens are added before there are patches", "tokens-before-patches", "spec.ts:6:5", "appendTokens takes"],
  ["the head is missing", "network-ends-in-tokens", "spec.ts:", "the network must end in one logit per class"],
  ["a patch is larger than the spectrogram", "patch-fits-spectrogram", "spec.ts:6:29", "a patch of 32 frames"],
] as const;

test("there are twenty", () => {
  expect(new Set(mistakes.map(([mistake]) => mistake)).size).toBe(20);
});

test.each(mistakes)("%s", (_, name, place, message) => {
  const path = fileURLToPath(new URL(`../compiler/frontend/specs/${name}/expected.txt`, import.meta.url));
  const told = readFileSync(path, "utf8")
    .split("\n\n")
    .find((text) => text.includes(message));
  expect(told?.startsWith(place)).toBe(true);
});
