/** A server of files, as small as a page needs. */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** With these a page has several threads; without them, one. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const page = `<!doctype html><html lang="en"><title>test</title><link rel="icon" href="data:,">
<script type="module">import * as page from "/page.js"; globalThis.page = page;</script></html>`;

export interface FileServer {
  /** Of its root, ending in a slash. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Serves files on the loopback interface, and at `/` a page that has the exports of `/page.js` as `globalThis.page`.
 * @param folders where a path is looked for, the first first
 * @param isolated whether pages are isolated from other origins, which gives them threads
 */
export const serveFiles = async (
  folders: readonly string[],
  { isolated }: { readonly isolated: boolean },
): Promise<FileServer> => {
  const answer = (path: string, response: ServerResponse): void => {
    const headers = isolated ? isolation : {};
    if (path === "/") {
      response.writeHead(200, { ...headers, "Content-Type": types[".html"] });
      response.end(page);
      return;
    }
    const file = folders.map((folder) => join(folder, normalize(path))).find((file) => existsSync(file));
    if (file === undefined) {
      response.writeHead(404, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, "Content-Type": types[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  };
  const server = createServer((request, response) =>
    answer(new URL(request.url ?? "/", "http://a").pathname, response),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
