import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { version } from "../../../compiler/artifact/version.ts";

test("the version written to files and runs is the package's", () => {
  const told = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as unknown;
  expect(told).toMatchObject({ version });
});
