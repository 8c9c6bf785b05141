import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const cli = fileURLToPath(new URL("../../../dist/runtime/cli.js", import.meta.url));

/** Starts the command; `until` is what it says first on a stream. */
const serve = (...args: readonly string[]) => {
  const child = spawn(process.execPath, [cli, "serve", ...args]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const told = { stdout: "", stderr: "" };
  const begun = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      told.stdout += text;
      resolve();
    });
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told.stderr += text));
  const ended = once(child, "close").then(([code]: readonly unknown[]) => code);
  return { child, told, begun, ended };
};

const writeGraph = (): string => writeLinearModel(temporaryFolder());

const refusal = async (...args: readonly string[]) => {
  const { told, ended } = serve(...args);
  return { code: await ended, ...told };
};

test("prints the address, serves the graph there, and ends with Ctrl-C", async () => {
  const graph = writeGraph();
  const { child, told, begun, ended } = serve(graph, "--port", "0");
  await begun;
  const url = told.stdout.trim();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect((await fetch(new URL("graph/graph.onnx", url))).status).toBe(200);
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  expect(told.stdout).toBe(`${url}\n`);
  expect(told.stderr).toMatch(/^.+ can be heard with at the address below; Ctrl-C ends it\n$/);
});

test("for programs, one object; a page that is open does not keep it", async () => {
  const graph = writeGraph();
  const { child, told, begun, ended } = serve(graph, "--port", "0", "--json");
  await begun;
  const { url, ...others } = JSON.parse(told.stdout) as { readonly url: string };
  expect(others).toEqual({ event: "serving", graph });
  // Its connection is kept open.
  await (await fetch(url)).text();
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(told.stderr).toBe("");
});

test("says what it means that others reach it", async () => {
  const { child, told, begun, ended } = serve(writeGraph(), "--port", "0", "--host", "0.0.0.0", "--json");
  await begun;
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  expect(told.stderr).toBe(
    "whoever reaches this machine can open the page and load the graph; browsers elsewhere give a page without HTTPS no microphone, no graphics card and one thread\n",
  );
});

test("what it cannot serve is one message", async () => {
  const folder = temporaryFolder({ "text.onnx": "no graph" });
  const text = join(folder, "text.onnx");
  expect(await refusal(text)).toEqual({ code: 2, stdout: "", stderr: `${text}: not an ONNX file\n` });
  expect((await refusal(join(folder, "none.onnx"))).code).toBe(2);
  expect((await refusal()).stderr).toBe("runtime serve takes one graph, and none is given; see runtime serve --help\n");
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const graph = writeGraph();
  expect(await refusal(graph, "--port", String(port))).toEqual({
    code: 2,
    stdout: "",
    stderr: `port ${port} is taken; name another with --port, or --port 0 for any that is free\n`,
  });
  expect((await refusal(graph, "--port", "65536")).stderr).toBe(
    "--port is a whole number, from 0 to 65535, not 65536\n",
  );
  expect((await refusal(graph, "--host", "192.0.2.1")).stderr).toBe(
    "192.0.2.1, port 8080: cannot be listened on: this machine has no such address\n",
  );
});
