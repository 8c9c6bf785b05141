import { expect, test } from "vitest";
import { nearestNames } from "../../../compiler/artifact/nearest-names.ts";

const known = ["dog", "dot", "sea waves", "sea_waves", "cow", "crying_baby"];

test.each([
  { name: "dgo", expected: ["dog"] },
  { name: "dogg", expected: ["dog"] },
  { name: "DOG", expected: ["dog", "dot"] },
  { name: "sea-waves", expected: ["sea waves", "sea_waves"] },
  { name: "cryingbaby", expected: ["crying_baby"] },
  { name: "helicopter", expected: [] },
])("$name", ({ name, expected }) => {
  expect(nearestNames(name, known)).toEqual(expected);
});
