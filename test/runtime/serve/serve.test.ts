/** What the server gives, and to whom. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { servedFiles } from "../../../runtime/serve/served-files.ts";
import { startServer } from "../../../runtime/serve/start-server.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const start = async (host = "127.0.0.1") => {
  const folder = temporaryFolder({
    "model.onnx": "the graph",
    "model.onnx.data": "its data",
    "secret.txt": "a secret",
  });
  const path = join(folder, "model.onnx");
  const data = { path: "", location: "model.onnx.data", size: 8, checksum: undefined, read: async () => undefined };
  const server = await startServer(servedFiles({ path, dataFiles: [data] }), { host, port: 0 });
  onTestFinished(() => server.close());
  return { folder, path, server, port: Number(new URL(server.url).port) };
};

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks for a path as it is written, whatever it is. */
const ask = (port: number, path: string, asking: Asking = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, ...asking }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on("error", reject);
    sent.end();
  });

const statusOf = async (port: number, path: string, headers: Readonly<Record<string, string>> = {}) =>
  (await ask(port, path, { headers })).status;

test("the page, the library and the graph, each with its type", async () => {
  const { port } = await start();
  const typeOf = async (path: string): Promise<readonly unknown[]> => {
    const { status, headers } = await ask(port, path);
    return [status, headers["content-type"]];
  };
  expect(await typeOf("/")).toStrictEqual([200, "text/html; charset=utf-8"]);
  expect(await typeOf("/index.html?a=1#b")).toStrictEqual([200, "text/html; charset=utf-8"]);
  expect(await typeOf("/microphone-worklet.js")).toStrictEqual([200, "text/javascript; charset=utf-8"]);
  expect(await typeOf("/web/index.js")).toStrictEqual([200, "text/javascript; charset=utf-8"]);
  expect(await typeOf("/web/ort-wasm-simd-threaded.asyncify.wasm")).toStrictEqual([200, "application/wasm"]);
  expect(await ask(port, "/graph/graph.onnx")).toMatchObject({ status: 200, body: "the graph" });
  expect(await ask(port, "/graph/model.onnx.data")).toMatchObject({ status: 200, body: "its data" });
});

test("nothing else, whatever a path looks like", async () => {
  const { port, folder } = await start();
  symlinkSync("/etc", join(folder, "link"));
  for (const path of [
    "/secret.txt",
    "/graph/secret.txt",
    "/graph/../secret.txt",
    "/graph/..%2fsecret.txt",
    "/graph/%2e%2e/secret.txt",
    "/web/../../package.json",
    "/web/..%5c..%5cpackage.json",
    "//etc/passwd",
    "/graph/link/passwd",
    "/graph/",
    "/web",
    "/%00",
    "/constructor",
    "/__proto__",
  ])
    expect([path, await statusOf(port, path)]).toStrictEqual([path, 404]);
});

test("isolates its page, which may load its own files and nothing else; what it refuses, too", async () => {
  const { port } = await start();
  for (const path of ["/", "/none"]) {
    const { headers } = await ask(port, path);
    expect(headers).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "content-security-policy":
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
    });
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  }
});

test("answers to its own names and to addresses, and not to a name that was made to point here", async () => {
  const { port } = await start();
  const statusFor = (host: string) => statusOf(port, "/", { host });
  expect(await statusFor(`127.0.0.1:${port}`)).toBe(200);
  expect(await statusFor(`localhost:${port}`)).toBe(200);
  expect(await statusFor("localhost:9999")).toBe(200);
  expect(await statusFor("[::1]:80")).toBe(200);
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a b"])
    expect([host, await statusFor(host)]).toStrictEqual([host, 421]);
});

test("is read, and nothing else", async () => {
  const { port } = await start();
  const head = await ask(port, "/graph/graph.onnx", { method: "HEAD" });
  expect(head).toMatchObject({ status: 200, body: "", headers: { "content-length": "9" } });
  expect((await ask(port, "/none", { method: "HEAD" })).body).toBe("");
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    expect(await ask(port, "/graph/graph.onnx", { method })).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD" },
    });
});

test("a file that has not changed is not sent again", async () => {
  const { port, path } = await start();
  const { etag = "" } = (await ask(port, "/graph/graph.onnx")).headers;
  const again = () => ask(port, "/graph/graph.onnx", { headers: { "if-none-match": etag } });
  expect(await again()).toMatchObject({ status: 304, body: "" });
  writeFileSync(path, "another graph");
  expect(await again()).toMatchObject({ status: 200, body: "another graph" });
  rmSync(path);
  expect(await again()).toMatchObject({ status: 404, body: "there is no such file here\n" });
});

test("what is no file any more is not there, and keeps nobody waiting", async () => {
  const { port, path } = await start();
  rmSync(path);
  mkdirSync(path);
  expect(await ask(port, "/graph/graph.onnx")).toMatchObject({ status: 404, body: "there is no such file here\n" });
  rmdirSync(path);
  // Where there is no mkfifo, there are no such pipes.
  if (spawnSync("mkfifo", [path]).status !== 0) return;
  expect(await ask(port, "/graph/graph.onnx")).toMatchObject({ status: 404 });
});

test("listens to nobody else, unless it is told to", async () => {
  expect((await start()).server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect((await start("localhost")).server.url).toMatch(/^http:\/\/localhost:\d+\/$/);
  expect((await start("0.0.0.0")).server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
});

test("a port that is taken, and an address that is not this machine's, are told", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  await expect(startServer(new Map(), { host: "127.0.0.1", port })).rejects.toMatchObject({
    code: "port-taken",
    message: `port ${port} is taken`,
  });
  await expect(startServer(new Map(), { host: "192.0.2.1", port: 0 })).rejects.toMatchObject({
    code: "address-unusable",
    message: "192.0.2.1, port 0: cannot be listened on: this machine has no such address",
  });
});

test("the page names no file that is not there", () => {
  const files = servedFiles({ path: "graph.onnx", dataFiles: [] });
  const html = readFileSync(files.get("/") ?? "", "utf8");
  const named = Array.from(html.matchAll(/(?:src|href)="\.(\/[^"]+)"/g), ([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(3);
  for (const path of named) expect([path, files.has(path)]).toStrictEqual([path, true]);
});
