/** The README's server, word for word: loaded, misused and ended; and its Dockerfile, without Docker where there is none. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createHomeProject, type HomeProject, isThere, snippet } from "./home-project.ts";

let project: HomeProject;
beforeAll(() => {
  project = createHomeProject();
  writeFileSync(join(project.folder, "server.mjs"), snippet("js", "createServer"));
}, 120_000);
afterAll(() => project.remove());

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
};

const health = (port: number): Promise<Response | undefined> =>
  fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);

interface Server {
  readonly port: number;
  readonly child: ChildProcess;
}

const start = async (command: string, args: readonly string[], port: number): Promise<Server> => {
  const child = spawn(command, args, {
    cwd: project.folder,
    env: { ...project.env, PORT: String(port) },
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  while (!(await health(port))?.ok) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    await setTimeout(50);
  }
  return { port, child };
};

interface Answer {
  readonly status: number | string;
  readonly body?: unknown;
  readonly ms: number;
}

/** @param leaveAfterMs when the client hangs up */
const post = ({ port }: Server, sound: Uint8Array, leaveAfterMs?: number): Promise<Answer> =>
  new Promise((resolve) => {
    const began = performance.now();
    const answer = (status: number | string, body?: unknown): void =>
      resolve({ status, body, ms: performance.now() - began });
    const asked = request({ port, method: "POST", host: "127.0.0.1" }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => answer(response.statusCode ?? 0, JSON.parse(Buffer.concat(chunks).toString())));
    });
    asked.on("error", () => answer("left"));
    asked.end(sound);
    if (leaveAfterMs !== undefined) void setTimeout(leaveAfterMs).then(() => asked.destroy());
  });

/** Of its process, in MB; Linux tells. */
const memoryMb = ({ child }: Server): number => {
  if (process.platform !== "linux") return 0;
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1e3;
};

const clip = (name: string): Buffer => readFileSync(join(project.folder, `${name}.wav`));

describe("the server", () => {
  test("200 requests, 8 at once, among broken clips and clients that leave: all are answered, memory stays", async () => {
    const server = await start(process.execPath, ["server.mjs"], await freePort());
    const [dog, rain] = [clip("dog"), clip("rain")];
    for (let index = 0; index < 20; index++) await post(server, dog);
    const before = memoryMb(server);
    const answers: Answer[] = [];
    const broken: Promise<Answer>[] = [];
    const leaving: Promise<Answer>[] = [];
    let next = 0;
    const client = async (): Promise<void> => {
      for (let index = next++; index < 200; index = next++) {
        if (index % 20 === 7) broken.push(post(server, dog.subarray(0, 40)));
        if (index % 20 === 13) leaving.push(post(server, rain, 1));
        answers[index] = await post(server, index % 2 === 0 ? dog : rain);
      }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: 8 }, client));
    const seconds = (performance.now() - began) / 1000;
    const grown = memoryMb(server) - before;
    const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const [half = 0, most = 0] = [times[100], times[190]];
    console.log(
      `server: ${(200 / seconds).toFixed(0)} requests/s, p50 ${half.toFixed(0)} ms, p95 ${most.toFixed(0)} ms, ${grown.toFixed(0)} MB more`,
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 200 }, () => 200));
    expect(new Set((await Promise.all(broken)).map(({ status, body }) => `${status} ${JSON.stringify(body)}`))).toEqual(
      new Set(['400 {"code":"audio-malformed","error":"clip: the file is corrupt or cut off: it has no data chunk"}']),
    );
    expect(await Promise.all(leaving)).toHaveLength(10);
    expect(grown).toBeLessThan(150);
    // As if each were asked alone.
    for (const [index, name] of ["dog", "rain"].entries()) {
      const { top } = (answers[index]?.body ?? { top: [] }) as {
        readonly top: readonly { label: string; score: number }[];
      };
      expect(top).toHaveLength(5);
      const [alone = {}] = project.infer("graph.onnx", `${name}.wav`);
      for (const { label, score } of top) expect(score).toBeCloseTo(alone[label] ?? 0, 6);
    }
  });

  test("what is too large, too much or no sound is refused, and SIGTERM lets those that wait be answered", async () => {
    const server = await start(process.execPath, ["server.mjs"], await freePort());
    expect(await post(server, Buffer.alloc(20e6 + 1))).toMatchObject({
      status: 413,
      body: { code: "too-large", error: "a clip has 20000000 bytes at most" },
    });
    expect(await post(server, Buffer.alloc(0))).toMatchObject({ status: 400, body: { code: "audio-malformed" } });
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(405);
    const many = await Promise.all(Array.from({ length: 100 }, () => post(server, clip("dog"))));
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(many.find(({ status }) => status === 503)?.body).toEqual({
      code: "busy",
      error: "too many clips are waiting",
    });
    const last = Array.from({ length: 4 }, () => post(server, clip("dog")));
    await setTimeout(5);
    server.child.kill("SIGTERM");
    expect((await Promise.all(last)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    if (server.child.exitCode === null) await once(server.child, "exit");
    expect(server.child.exitCode).toBe(0);
  });
});

/** Instructions with their arguments; comments left out, lines that go on joined. */
const instructions = (): readonly (readonly [name: string, rest: string])[] =>
  snippet("dockerfile", "FROM")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => [line.split(" ", 1)[0] ?? "", line.slice(line.indexOf(" ") + 1)]);

const all = (name: string): readonly string[] => instructions().flatMap(([own, rest]) => (own === name ? [rest] : []));
/** What an instruction's array of words runs. */
const wordsOf = (text: string | undefined): readonly string[] =>
  JSON.parse(text?.slice(text.indexOf("[")) ?? "[]") as readonly string[];

/** By a pattern with one star at most. */
const isNamed = (file: string, pattern: string): boolean => {
  const [start = "", end] = pattern.split("*");
  return end === undefined ? file === pattern : file.startsWith(start) && file.endsWith(end);
};

describe("the Dockerfile", () => {
  test("copies what a project has, runs no script of a package, and is not root", () => {
    const files = [...readdirSync(project.folder), "package-lock.json", "graph.onnx.data"];
    const sources = all("COPY").flatMap((rest) => rest.split(" ").slice(0, -1));
    const missing = sources.filter((source) => source !== "*.tgz" && !files.some((file) => isNamed(file, source)));
    expect(missing).toEqual([]);
    expect(all("RUN").join()).toContain("npm ci --omit=dev --ignore-scripts");
    const names = instructions().map(([name]) => name);
    expect(names.indexOf("USER")).toBeGreaterThan(names.lastIndexOf("RUN"));
    expect(all("USER")).toEqual(["node"]);
  });

  test("its command starts, its health check answers, and fails where nothing answers", async () => {
    const port = Number(all("EXPOSE")[0]);
    const [command = "", ...args] = wordsOf(all("CMD")[0]);
    const [checker = "", ...check] = wordsOf(all("HEALTHCHECK")[0]);
    // It names the container's port, at which another program may listen here.
    const free = await freePort();
    const healthy = () =>
      spawnSync(
        checker,
        check.map((word) => word.replace(`:${port}/`, `:${free}/`)),
      ).status;
    expect(healthy()).toBe(1);
    const { child } = await start(command, args, free);
    expect(healthy()).toBe(0);
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(healthy()).toBe(1);
  });

  test.skipIf(!isThere("docker", "info"))("builds, and is healthy", async () => {
    const context = join(project.folder, "context");
    const tag = `specgraph-readme-${process.pid}`;
    const docker = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync("docker", args, { cwd: context, encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      return stdout.trim();
    };
    for (const name of ["server.mjs", "graph.onnx"]) cpSync(join(project.folder, name), join(context, name));
    writeFileSync(join(context, "Dockerfile"), snippet("dockerfile", "FROM"));
    writeFileSync(join(context, "package.json"), "{}");
    const root = new URL("../..", import.meta.url);
    spawnSync("npm", ["pack", "--pack-destination", context], { cwd: root });
    const tarball = readdirSync(context).find((name) => name.endsWith(".tgz")) ?? "";
    spawnSync("npm", ["install", "--ignore-scripts", `./${tarball}`], { cwd: context });
    docker("build", "--tag", tag, ".");
    const container = docker("run", "--detach", tag);
    onTestFinished(() => {
      docker("rm", "--force", container);
      docker("rmi", tag);
    });
    const state = (): string => docker("inspect", "--format", "{{.State.Health.Status}}", container);
    while (state() === "starting") await setTimeout(1000);
    expect(state()).toBe("healthy");
    expect(docker("exec", container, "id", "--user")).not.toBe("0");
  });
});
