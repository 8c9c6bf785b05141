/** What a command and an open model take that one does not see in answers. */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { writeLinearModel } from "./artifact/linear-artifact.ts";
import { temporaryFolder } from "./audio/temporary-folder.ts";
import { wavBytes } from "./audio/wav-bytes.ts";
import { compileTiny } from "./engine/compile-tiny.ts";

const built = (path: string): string => new URL(`../../dist/runtime/${path}`, import.meta.url).href;

/** Module hooks that write down what is loaded. */
const noting = `
  import { appendFileSync } from "node:fs";
  export const load = (url, context, next) => {
    if (url.startsWith("file:")) appendFileSync(process.env.LOADED, url + "\\n");
    return next(url, context);
  };`;

test("infer of a clip loads nothing that trains, draws, decodes in its own thread or shows a bar", () => {
  const folder = temporaryFolder({ "clip.wav": wavBytes([30_000, 0, 0, 0]), "noting.mjs": noting });
  writeLinearModel(folder);
  writeFileSync(
    join(folder, "register.mjs"),
    'import { register } from "node:module"; register("./noting.mjs", import.meta.url);',
  );
  const list = join(folder, "loaded.txt");
  const args = ["--import", "./register.mjs", fileURLToPath(built("cli.js"))];
  execFileSync(process.execPath, [...args, "infer", "graph.onnx", "clip.wav", "--device", "cpu"], {
    cwd: folder,
    env: { ...process.env, LOADED: list },
    stdio: "pipe",
  });
  const loaded = [...new Set(readFileSync(list, "utf8").trim().split("\n"))];
  const packages = loaded.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  expect([...new Set(packages)]).toStrictEqual(["picomatch"]);
  const own = loaded.filter((url) => url.includes("/dist/runtime/"));
  expect(own.length).toBeGreaterThan(0);
  const bytes = own.reduce((total, url) => total + statSync(fileURLToPath(url)).size, 0);
  // All of the runtime is 900 kB.
  expect(bytes).toBeLessThan(250_000);
});

test("an open model that has nothing to do takes no processor time", () => {
  const graph = compileTiny("optimizer: adamW({ learningRate: 0.001 })");
  const script = `
    import { setTimeout } from "node:timers/promises";
    import { open } from ${JSON.stringify(built("index.js"))};
    const model = await open(${JSON.stringify(graph)}, { device: "cpu" });
    const samples = new Float32Array(model.metadata.sampleRateHz).fill(0.1);
    let idle = 0;
    for (let run = 0; run < 12; run++) {
      await model.classify({ samples, sampleRateHz: model.metadata.sampleRateHz });
      const before = process.cpuUsage();
      await setTimeout(100);
      const { user, system } = process.cpuUsage(before);
      // The first are of what has yet to be compiled, and collected.
      if (run >= 2) idle += (user + system) / 1000;
    }
    console.log(idle);
    await model.close();`;
  const folder = temporaryFolder({ "idle.mjs": script });
  const idleMs = Number(execFileSync(process.execPath, [join(folder, "idle.mjs")], { encoding: "utf8" }));
  expect(idleMs).toBeLessThan(100);
});
