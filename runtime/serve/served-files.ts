/** What the server gives: a list that is made before it answers anyone. What is not in it is not there, whatever a path looks like. */
import { readdirSync } from "node:fs";
import { dirname, extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Artifact } from "../artifact/decode-artifact.ts";

/** By the path of its URL, each file's own. */
export type ServedFiles = ReadonlyMap<string, string>;

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** The media type of a file, by its name's ending. */
export const typeOf = (path: string): string => types[extname(path)] ?? "application/octet-stream";

/** What the build makes for browsers. Tests, which run the source, take the built one. */
const built = (folder: string): string =>
  fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? `../../dist/${folder}` : `../../${folder}`, import.meta.url));

const filesIn = (folder: string, prefix: string): readonly (readonly [string, string])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [prefix + path.slice(folder.length + 1).replaceAll(sep, "/"), path] as const;
    });

/** The page, the library that it loads, and the graph with its data file, as `runtime/page/` asks for them. */
export const servedFiles = ({ path, dataFiles }: Pick<Artifact, "path" | "dataFiles">): ServedFiles => {
  const page = filesIn(built("page"), "/");
  const index = page.flatMap(([url, file]) => (url === "/index.html" ? [["/", file] as const] : []));
  return new Map([
    ...page,
    ...index,
    ...filesIn(built("web"), "/web/"),
    ...dataFiles.map(
      ({ location }) => [`/graph/${encodeURIComponent(location)}`, join(dirname(path), location)] as const,
    ),
    ["/graph/graph.onnx", path],
  ]);
};
