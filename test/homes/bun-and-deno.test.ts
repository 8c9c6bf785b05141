/** The package's programs and library in other JavaScript runtimes. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandPath, createHomeProject, type HomeProject, isThere, snippet } from "./home-project.ts";

let project: HomeProject;
beforeAll(() => {
  project = createHomeProject();
  writeFileSync(join(project.folder, "program.mjs"), snippet("js", 'classify("dog.wav")'));
  writeFileSync(join(project.folder, "hard.mjs"), hard);
}, 120_000);
afterAll(() => project.remove());

/** What a runtime's threads might do otherwise: hand memory over, fail, end, and leave the process. */
const hard = `import { readFileSync } from "node:fs";
import { open, UserError } from "specgraph/runtime";

const told = (call) => call.then(() => "none", (error) => (error instanceof UserError ? error.code : error));
const model = await open(readFileSync("graph.onnx"), { device: "cpu" });
const bytes = readFileSync("dog.wav");
const samples = Float32Array.from({ length: 16000 }, (_, index) => Math.sin(index / 5));
const [fromFile, fromBytes] = await model.classify(["dog.wav", bytes]);
console.log(fromFile.scores.join() === fromBytes.scores.join(), bytes.length > 0);
console.log((await model.classify({ samples: [samples, samples], sampleRateHz: 44100 })).scores.length, samples.length);
console.log(await told(model.classify(bytes.subarray(0, 40))), await told(model.classify("none.wav")));
const controller = new AbortController();
const aborted = told(model.classify(Array(50).fill("dog.wav"), { signal: controller.signal }));
setTimeout(() => controller.abort(), 20);
console.log(await aborted);
console.log((await Promise.all(Array.from({ length: 100 }, () => model.classify(bytes)))).length);
const closed = await open("graph.onnx", { device: "cpu" });
const waiting = told(closed.classify("dog.wav"));
await closed.close();
console.log(await waiting, await told(closed.classify("dog.wav")), await told(open("none.onnx")));
// The first stays open: an idle model keeps no process alive.
`;

describe.each([
  ["bun", []],
  ["deno", ["run", "--allow-all"]],
])("%s", (name, before) => {
  const isMissing = !isThere(name, "--version");
  const run = (...args: readonly string[]) => project.run(name, ...before, ...args);

  test.skipIf(isMissing)("runs the README's program as Node.js does", () => {
    const here = run("program.mjs");
    expect(here).toEqual({ ...project.run(process.execPath, "program.mjs"), stderr: expect.any(String) });
    expect(here.status, here.stderr).toBe(0);
  });

  test.skipIf(isMissing)("hands over, fails, aborts, closes and ends as Node.js does", () => {
    const here = run("hard.mjs");
    expect(here).toMatchObject({ status: 0 });
    expect(here.stdout.split("\n")).toEqual([
      "true true",
      "10 16000",
      "audio-malformed file-unreadable",
      "aborted",
      "100",
      "model-closed model-closed file-unreadable",
      "",
    ]);
  });

  test.skipIf(isMissing)("runs the commands, to the same numbers", () => {
    const infer = ["infer", "graph.onnx", "dog.wav", "rain.wav", "--json", "--device", "cpu"];
    const { stdout, status } = run(commandPath("runtime"), ...infer);
    expect({ stdout, status }).toEqual({ stdout: project.call("runtime", ...infer), status: 0 });
    expect(run(commandPath("compiler"), "small.ts", "--out", `${name}.onnx`)).toMatchObject({ status: 0 });
    const train = [
      "train",
      `${name}.onnx`,
      "--data",
      "sounds",
      "--epochs",
      "1",
      "--device",
      "cpu",
      "--out",
      `runs/${name}`,
    ];
    const trained = run(commandPath("runtime"), ...train);
    expect(trained.status, trained.stderr).toBe(0);
    expect(project.infer(`runs/${name}/graph.onnx`, "dog.wav")).toEqual(project.infer("graph.onnx", "dog.wav"));
    rmSync(join(project.folder, "runs"), { recursive: true });
  });

  test.skipIf(isMissing)("keeps ONNX Runtime's telemetry off", () => {
    run("program.mjs");
    expect(project.telemetry()).toEqual([]);
  });
});
