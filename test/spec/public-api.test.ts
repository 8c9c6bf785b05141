/**
 * What a project may import, as declarations in `golden/api/`: a change that may break a spec or a program shows in their diff.
 * `npm run snapshots` writes them anew.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { indexedFiles, libraryFiles, printDeclarations, publicModules, webFiles } from "./public-modules.ts";

test.each([...publicModules, ["specgraph/runtime", libraryFiles] as const, ["specgraph/web", webFiles] as const])(
  "%s",
  async (module, files) => {
    const path = fileURLToPath(new URL(`../../golden/api/${module.replace("/", "-")}.txt`, import.meta.url));
    const declarations = files.map((file) => `// ${file.getBaseName()}\n${printDeclarations(file)}`);
    await expect(declarations.join("\n")).toMatchFileSnapshot(path);
  },
);

test("these are the files that specgraph passes on", () => {
  const listed: readonly string[] = publicModules.get("specgraph")?.map((file) => file.getFilePath()) ?? [];
  expect(listed.toSorted()).toEqual(indexedFiles.toSorted());
});
