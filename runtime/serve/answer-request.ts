/** One request of a browser: a file of the list, or a sentence that says why not. */
import { type FileHandle, open, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { pipeline } from "node:stream/promises";
import { type ServedFiles, typeOf } from "./served-files.ts";

/**
 * The page may load its own files and nothing else, and send nothing: whatever it is brought to do, what it hears stays with it.
 * WebAssembly is compiled, which no other word allows.
 */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src blob:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Of every answer. The first two isolate the page from those of other origins, without which browsers give it no threads. */
const headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": contentPolicy,
  "permissions-policy": "microphone=(self), camera=(), geolocation=(), display-capture=(), usb=(), serial=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

/**
 * Whether a request asks for this server by a name of its own. A page of another origin whose name has been made to point here (DNS
 * rebinding) would else read all that is served; an address cannot be made to point elsewhere.
 */
const isOwnName = (host: string | undefined, ownName: string): boolean => {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return hostname === "localhost" || hostname === ownName || isIP(hostname.replaceAll(/[[\]]/g, "")) !== 0;
};

const say = (
  response: ServerResponse,
  status: number,
  sentence: string,
  more: Readonly<Record<string, string>> = {},
) => {
  response.writeHead(status, { ...headers, ...more, "content-type": "text/plain; charset=utf-8" });
  response.end(response.req.method === "HEAD" ? undefined : `${sentence}\n`);
};

const pathOf = (url: string): string => url.replace(/[?#].*$/s, "");

/** A list outlives what it names: where a folder or a pipe has come in a file's place, reading would fail, or wait without an end. */
const openFile = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return (await stat(path)).isFile() ? await open(path) : undefined;
  } catch {
    return undefined;
  }
};

const sendFile = async (file: FileHandle, path: string, response: ServerResponse): Promise<void> => {
  const { size, mtimeMs } = await file.stat();
  const etag = `"${size}-${mtimeMs}"`;
  const { method, headers: asked } = response.req;
  if (asked["if-none-match"] === etag) {
    response.writeHead(304, { ...headers, etag });
    response.end();
    return;
  }
  response.writeHead(200, { ...headers, etag, "content-type": typeOf(path), "content-length": size });
  if (method === "HEAD" || size === 0) response.end();
  else await pipeline(file.createReadStream({ end: size - 1, autoClose: false }), response);
};

/** @param ownName that the server listens by, as its user has named it */
export const answerRequest = async (
  { method, url = "/", headers: asked }: IncomingMessage,
  response: ServerResponse,
  files: ServedFiles,
  ownName: string,
): Promise<void> => {
  if (!isOwnName(asked.host, ownName)) return say(response, 421, "this server does not go by that name");
  if (method !== "GET" && method !== "HEAD")
    return say(response, 405, "files are read here, and nothing else", { allow: "GET, HEAD" });
  const path = files.get(pathOf(url));
  const file = path === undefined ? undefined : await openFile(path);
  if (path === undefined || file === undefined) return say(response, 404, "there is no such file here");
  try {
    await sendFile(file, path, response);
  } finally {
    await file.close();
  }
};
