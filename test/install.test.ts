/** `npm ci` in the clone runs no script of a dependency: onnxruntime-node's downloads NVIDIA libraries, or fails without their host. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), "utf8"));

test("npm 11 and later are told so by package.json", () => {
  expect(read("package.json")).toHaveProperty("allowScripts", {
    koffi: false,
    "onnxruntime-node": false,
    webgpu: false,
  });
});

test("npm 10 believes the lock file, which tells of no such script: `npm install` of npm 10 may have put it back", () => {
  const { packages } = read("package-lock.json") as { readonly packages: Readonly<Record<string, object>> };
  expect(Object.keys(packages).filter((path) => path !== "" && "hasInstallScript" in (packages[path] ?? {}))).toEqual(
    [],
  );
});
