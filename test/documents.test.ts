import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trimEnd().split("\n");

test.each(["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "golden/README.md"])(
  "the sources that %s names are there",
  (document) => {
    const named = [...readFileSync(`${root}/${document}`, "utf8").matchAll(/`([\w./-]+\.ts)`/g)];
    // By their paths, or the ends of these.
    const missing = named.flatMap(([, name]) => (files.some((file) => `/${file}`.endsWith(`/${name}`)) ? [] : [name]));
    expect(missing).toStrictEqual([]);
  },
);
