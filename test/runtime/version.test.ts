import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runtimeVersion } from "../../runtime/version.ts";

test("the runtime's version is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(runtimeVersion).toBe(version);
});
