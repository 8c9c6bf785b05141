/** The package as npm packs it from what git knows, in a project of its own that has nothing but what it depends on. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Project, ts } from "ts-morph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { softwareGpu } from "../software-gpu.ts";
import { unknownFiles } from "./unknown-files.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const run = (folder: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 26,
  });
  return { status, stdout, stderr };
};

/** A line of `infer --window --json`: a window, or an event. */
interface HeardSpan {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly label?: string;
  readonly scores?: readonly { readonly label: string }[];
}

const linesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

let folder = "";
/** A copy of the clone. */
let clone = "";
/** The project that has the package installed. */
let project = "";
let tarball = "";
let paths: readonly string[] = [];
let manifest: Manifest;

const installed = (path: string): string => join(project, "node_modules/specgraph", path);
const write = (name: string, text: string): void => {
  mkdirSync(dirname(join(project, name)), { recursive: true });
  writeFileSync(join(project, name), text);
};
const link = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to);
};

/** What git knows, and files that it does not. */
const copyClone = (to: string): void => {
  for (const file of linesOf(run(root, "git", ["ls-files"]).stdout)) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(to, file));
  }
  symlinkSync(join(root, "node_modules"), join(to, "node_modules"));
  run(to, "git", ["init", "--quiet"]);
  run(to, "git", ["add", "--all"]);
  writeFileSync(join(to, "spec/mine.ts"), 'export { default } from "./ast.ts";\n');
  mkdirSync(join(to, "dist/compiler"), { recursive: true });
  writeFileSync(join(to, "dist/compiler/left-over.js"), "");
};

/** As npm does, without a network: the package's dependencies are those of the clone, and no others are to be found. */
const install = (): void => {
  mkdirSync(installed(""), { recursive: true });
  run(project, "tar", ["-xzf", tarball, "-C", installed(""), "--strip-components", "1"]);
  manifest = JSON.parse(readFileSync(installed("package.json"), "utf8")) as Manifest;
  for (const name of Object.keys(manifest.dependencies)) {
    link(join(root, "node_modules", name), join(project, "node_modules", name));
  }
  for (const [name, path] of Object.entries(manifest.bin)) {
    chmodSync(installed(path), 0o755);
    link(installed(path), join(project, "node_modules/.bin", name));
  }
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  clone = join(folder, "clone");
  project = join(folder, "project");
  copyClone(clone);
  const { stderr } = run(clone, "npm", ["pack", "--pack-destination", folder]);
  const name = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (name === undefined) throw new Error(stderr);
  tarball = join(folder, name);
  paths = linesOf(run(folder, "tar", ["-tzf", tarball]).stdout).map((path) => path.replace("package/", ""));
  install();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }), 300_000);

describe("what is packed", () => {
  test("no file that git does not know, and no source of the halves", () => {
    expect(paths.filter((path) => /\/mine|left-over|\.map$|tsbuildinfo|dist\/test/.test(path))).toEqual([]);
    expect(paths.filter((path) => path.startsWith("spec/")).toSorted()).toEqual(
      linesOf(run(root, "git", ["ls-files", "spec/*.ts"]).stdout)
        .filter((path) => !path.startsWith("spec/dsl/") && path !== "spec/front-end.ts")
        .toSorted(),
    );
    const folders = new Set(paths.map((path) => path.replace(/^((?:dist\/)?[^/]+).*/, "$1")));
    expect([...folders].toSorted()).toEqual([
      "ARCHITECTURE.md",
      "CHANGELOG.md",
      "ERRORS.md",
      "LICENSE",
      "README.md",
      "REFERENCE.md",
      "SECURITY.md",
      "dist/compiler",
      "dist/page",
      "dist/runtime",
      "dist/spec",
      "dist/spec-commonjs",
      "dist/vendor",
      "dist/web",
      "package.json",
      "spec",
    ]);
    // ONNX Runtime's WebAssembly, with and without WebGPU, and little else.
    const others = paths.filter((path) => !path.endsWith(".wasm") && path !== "" && !path.endsWith("/"));
    expect(others.reduce((total, path) => total + statSync(installed(path)).size, 0)).toBeLessThan(6e6);
    expect(statSync(tarball).size).toBeLessThan(13e6);
  });

  test("what git does not know ends npm pack", () => {
    const tracked = new Set(["compiler/cli.ts", "spec/ast.ts", "LICENSE"]);
    expect(
      unknownFiles(
        [
          "LICENSE",
          "dist/compiler/cli.js",
          "dist/compiler/mine.js",
          "dist/spec/ast.d.ts",
          "dist/spec-commonjs/ast.js",
          "dist/vendor/onnx-proto/LICENSE",
          "spec/mine.ts",
        ],
        tracked,
      ),
    ).toEqual(["dist/compiler/mine.js", "spec/mine.ts"]);
    writeFileSync(join(clone, "dist/compiler/mine.js"), "");
    const { status, stderr } = run(clone, "node", ["dist/test/package/verify-packed-files.js"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: "dist/compiler/mine.js comes from no file that git knows: add its source, or remove both\n",
    });
  });

  test("its code names no map, and imports what the package depends on", () => {
    const code = paths.filter((path) => path.endsWith(".js")).map((path) => readFileSync(installed(path), "utf8"));
    expect(code.filter((text) => text.includes("sourceMappingURL=") && !text.includes("sourceMappingURL=`"))).toEqual(
      [],
    );
    const imported = code.flatMap((text) =>
      [...text.matchAll(/(?:^|[\s;])(?:from |import |import\(|require\()"([^".#$][^"]*)"/gm)].map(([, name = ""]) =>
        name.replace(/^(@[^/]+\/[^/]+|[^/]+).*$/, "$1"),
      ),
    );
    const known = new Set([
      ...Object.keys(manifest.dependencies),
      ...Object.keys(manifest.peerDependencies),
      "specgraph",
    ]);
    expect([...new Set(imported)].filter((name) => !name.startsWith("node:") && !known.has(name))).toEqual([]);
    expect(Object.keys(manifest.dependencies)).not.toContain("onnx-proto");
  });

  test("code of others comes with their notice", () => {
    expect(readFileSync(installed("dist/vendor/onnx-proto/LICENSE"), "utf8")).toMatch("Christoph Koerner");
  });
});

const readme = readFileSync(join(root, "README.md"), "utf8");
const [, spec = ""] = /```ts\n(import [\s\S]*?)```/.exec(readme) ?? [];
const [, mistake = ""] = /```\n(spec\/birds\.ts:[\s\S]*?)```/.exec(readme) ?? [];

/** A command that the package brings. */
const call = (name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run(project, join(project, "node_modules/.bin", name), args, { VK_DRIVER_FILES: "/none.json", ...env });

describe("the README's spec, in a project that", () => {
  // As `npm init -y` of npm 11 and later, of npm 10, and as many are by now.
  test.each([
    ["states CommonJS", { name: "mine", type: "commonjs" }],
    ["states nothing", { name: "mine" }],
    ["states ES modules", { name: "mine", type: "module" }],
  ])("%s", (_, own) => {
    write("package.json", JSON.stringify(own));
    write("spec/birds.ts", spec);
    const { status, stdout, stderr } = call("specgraph", ["spec/birds.ts", "--weights", "none", "--out", "birds.onnx"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^spec\/birds\.ts -> birds\.onnx: birds, 3 classes, 5\.4 M parameters/);
  });

  test("has a mistake", () => {
    write("spec/birds.ts", spec.replace("epochs: 10", "epochs: 0"));
    expect(call("specgraph", ["spec/birds.ts", "--weights", "none"])).toEqual({
      status: 2,
      stdout: "",
      stderr: mistake,
    });
  });

  test("does not fit the ready model", () => {
    write("spec/birds.ts", spec.replace("frames: 512", "frames: 8"));
    const { status, stderr } = call("specgraph", ["spec/birds.ts", "--weights", "none"]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        /^node_modules\/specgraph\/spec\/ast\.ts:\d+:31 error: a patch of 16 frames does not fit a spectrogram of 8 /,
      ),
    });
  });
});

describe("training and using a graph", () => {
  const device = ["--device", "cpu"];

  test("from sounds to scores", () => {
    expect(call("runtime", ["sounds", "sounds"]).status).toBe(0);
    const classes = readdirSync(join(project, "sounds")).filter((name) => !name.includes("."));
    write(
      "small.ts",
      `import { singleLabel } from "specgraph";
import { ast } from "specgraph/ast";

const objective = singleLabel({ classes: ${JSON.stringify(classes)} });
export default ast({ name: "small", size: { width: 8, depth: 1, heads: 2 }, frames: 32, objective });
`,
    );
    expect(call("specgraph", ["small.ts", "--out", "small.onnx"])).toMatchObject({ status: 0, stderr: "" });
    const trained = call("runtime", [
      "train",
      "small.onnx",
      "--data",
      "sounds",
      "--epochs",
      "1",
      "--out",
      "run",
      ...device,
    ]);
    expect(trained.status, trained.stderr).toBe(0);
    const { stdout } = call("runtime", ["infer", "run/graph.onnx", "sounds/siren/siren-1.wav", "--json", ...device]);
    expect(JSON.parse(stdout)).toMatchObject({ clip: "sounds/siren/siren-1.wav" });
    const stats = call("runtime", ["stats", "--data", "sounds"]);
    expect(stats.status, stats.stderr).toBe(0);
  });

  test("a project of its own, from nothing to scores", () => {
    const empty = join(folder, "begun");
    const own = join(empty, "my-model");
    cpSync(join(project, "sounds"), join(empty, "clips"), { recursive: true });
    const specgraph = join(project, "node_modules/.bin/specgraph");
    const begun = run(empty, specgraph, ["init", "my-model", "--data", "clips", "--weights", "none"]);
    expect(begun).toMatchObject({ status: 0, stderr: "" });
    expect(linesOf(begun.stdout).slice(-3)).toEqual(["  npm install", "  npm run compile", "  npm run train"]);
    link(join(project, "node_modules"), join(own, "node_modules"));
    const tsc = run(own, join(root, "node_modules/.bin/tsc"), ["-p", "."]);
    expect(tsc).toEqual({ status: 0, stdout: "", stderr: "" });
    const compiled = run(own, "npm", ["run", "--silent", "compile"]);
    expect(compiled).toMatchObject({ status: 0, stderr: "" });
    const trained = run(own, "npm", ["run", "--silent", "train", "--", "--steps", "3", ...device]);
    expect(trained.status, trained.stderr).toBe(0);
    const clip = "../clips/siren/siren-1.wav";
    const heard = run(own, specgraph, ["infer", "runs/my-model/graph.onnx", clip, "--json", ...device]);
    expect(JSON.parse(heard.stdout)).toMatchObject({ clip });
  });

  test("in a program: the README's lines, word for word, and as CommonJS requires them", () => {
    const [, program = ""] = /```js\n(import [\s\S]*?)```/.exec(readme) ?? [];
    cpSync(join(project, "run/graph.onnx"), join(project, "graph.onnx"));
    const clips = { dog: "siren", rain: "noise", wren: "bell" };
    for (const [name, sound] of Object.entries(clips))
      cpSync(join(project, `sounds/${sound}/${sound}-1.wav`), join(project, `${name}.wav`));
    write("program.mjs", program);
    const infer = call("runtime", ["infer", "graph.onnx", "dog.wav", "rain.wav", "wren.wav", "--json", "--top", "1"]);
    const heard = linesOf(infer.stdout).map((line) => {
      const { heardSeconds, scores } = JSON.parse(line) as {
        readonly heardSeconds: number;
        readonly scores: readonly { readonly label: string; readonly score: number }[];
      };
      return { heardSeconds, label: scores[0]?.label, score: scores[0]?.score.toFixed(2) };
    });
    const [first, second, third] = heard;
    const env = { VK_DRIVER_FILES: "/none.json" };
    expect(run(project, process.execPath, ["program.mjs"], env)).toEqual({
      status: 0,
      stdout: `${first?.heardSeconds} s of small: ${first?.label} (${first?.score})\n${second?.label}\n${third?.label}\n`,
      stderr: "",
    });
    const required = program.replace(
      'import { open } from "specgraph/runtime";',
      'const { open } = require("specgraph/runtime");',
    );
    write("program.cjs", `(async () => {\n${required}})();\n`);
    expect(run(project, process.execPath, ["program.cjs"], env)).toMatchObject({ status: 0, stderr: "" });
  });

  test("training in a program: the README's lines, word for word", () => {
    const [, program = ""] = /```js\n(import \{ train \}[\s\S]*?)```/.exec(readme) ?? [];
    cpSync(join(project, "small.onnx"), join(project, "birds.onnx"));
    cpSync(join(project, "sounds"), join(project, "clips"), { recursive: true });
    write("train.mjs", program);
    const { status, stdout, stderr } = run(project, process.execPath, ["train.mjs"], { VK_DRIVER_FILES: "/none.json" });
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/^30 of 30 clips are longer than the 0\.3 s that the model hears: .*\n$/),
    });
    const told = linesOf(stdout);
    expect(told.filter((line) => /^epoch \d+: mAP [\d.]+$/.test(line))).toHaveLength(10);
    expect(told[0]).toMatch(/^step 1: loss \d\.\d{4}$/);
    expect(told.at(-1)).toMatch(/^runs\/birds\/graph\.onnx, best runs\/birds\/best\.onnx of epoch \d+$/);
  });

  test.skipIf(run(root, "npm", ["ping"]).status !== 0)(
    "in an empty project, into which npm installs it without scripts",
    () => {
      const empty = join(folder, "empty");
      mkdirSync(empty);
      writeFileSync(join(empty, "package.json"), "{}");
      const installing = run(empty, "npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball]);
      expect(installing.status, installing.stderr).toBe(0);
      for (const name of ["graph.onnx", "dog.wav", "rain.wav", "wren.wav", "program.mjs"])
        cpSync(join(project, name), join(empty, name));
      const env = { VK_DRIVER_FILES: "/none.json" };
      const [here, there] = [project, empty].map((at) => run(at, process.execPath, ["program.mjs"], env));
      expect(there).toEqual(here);
      expect(there).toMatchObject({ status: 0, stderr: "" });
    },
  );

  test("a recording is listened to by the README's lines, which go on with that program", () => {
    const classes = readdirSync(join(project, "sounds")).filter((name) => !name.includes("."));
    write(
      "long.ts",
      `import { multiLabel } from "specgraph";
import { ast } from "specgraph/ast";

const objective = multiLabel({ classes: ${JSON.stringify(classes)} });
export default ast({ name: "long", size: { width: 8, depth: 1, heads: 2 }, stride: { bins: 16, frames: 16 }, frames: 1024, objective });
`,
    );
    expect(call("specgraph", ["long.ts", "--out", "graph.onnx"])).toMatchObject({ status: 0, stderr: "" });
    const takes = readdirSync(join(project, "sounds"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".wav"))
      .map((name) => readFileSync(join(project, "sounds", name)));
    // Their samples one after another, behind the first header.
    const night = Buffer.concat(takes.map((take, index) => (index === 0 ? take : take.subarray(44))));
    night.writeUInt32LE(night.length - 44, 40);
    writeFileSync(join(project, "night.wav"), night);
    const [, program = ""] = /```js\n(import \{ open \}[\s\S]*?)```/.exec(readme) ?? [];
    const [, recording = ""] = /```js\n(for await [\s\S]*?)```/.exec(readme) ?? [];
    write("program.mjs", program + recording);
    const windows = ["infer", "graph.onnx", "night.wav", "--window", "10", "--hop", "5", "--json", "--device", "cpu"];
    const told = (...options: readonly string[]) =>
      linesOf(call("runtime", [...windows, ...options]).stdout).map((line) => JSON.parse(line) as HeardSpan);
    const expected = [
      ...told("--top", "1").map((span) => `${span.startSeconds} ${span.endSeconds} ${span.scores?.[0]?.label}`),
      ...told("--threshold", "0.5", "--merge").map(
        ({ label, startSeconds, endSeconds }) => `${label} from ${startSeconds} to ${endSeconds} s`,
      ),
    ];
    expect(expected.length).toBeGreaterThan(6);
    const { status, stdout, stderr } = run(project, process.execPath, ["program.mjs"], {
      VK_DRIVER_FILES: "/none.json",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(linesOf(stdout).slice(3)).toEqual(expected);
  });

  test.skipIf(softwareGpu === undefined)("on WebGPU without the npm package webgpu, which is told of", () => {
    const env = { VK_DRIVER_FILES: softwareGpu };
    const { stdout } = call("runtime", ["devices"], env);
    const lack = "the npm package webgpu, which tells a graphics card from software, is not installed";
    expect(linesOf(stdout)).toContain(`webgpu: ${lack}; run: npm install webgpu@0.6`);
    expect(manifest.peerDependencies["webgpu"]).toMatch(/^\^0\.6\./);
    const clip = ["infer", "run/graph.onnx", "sounds/siren/siren-1.wav"];
    const scores = (args: readonly string[]): unknown =>
      JSON.parse(call("runtime", [...clip, "--json", ...args], env).stdout);
    expect(scores(["--device", "webgpu"])).toMatchObject({ clip: "sounds/siren/siren-1.wav" });
    expect(call("runtime", [...clip, "--device", "auto"], env).stderr).toContain(`(no GPU: ${lack}; see `);
  });
});

describe("as modules", () => {
  const consumer = `import { adamW, type Model, singleLabel } from "specgraph";
import paper, { ast, sizes } from "specgraph/ast";

const training = { optimizer: adamW({ learningRate: 1e-4 }), batch: 2, epochs: 1 };
export const models: readonly Model[] = [paper, ast({ size: sizes.tiny224, objective: singleLabel({ classes: ["a"] }), training })];
// @ts-expect-error an option that there is not
ast({ sise: sizes.tiny224 });
`;
  const program = `import { type Classification, evaluate, type FailureCode, open, resume, train, UserError } from "specgraph/runtime";

export const hear = async (path: string, signal: AbortSignal): Promise<readonly Classification[]> => {
  const model = await open(path, { device: "cpu", signal });
  const one: Classification = await model.classify({ samples: new Float32Array(16_000), sampleRateHz: 16_000 });
  await model[Symbol.asyncDispose]();
  return [one, ...(await model.classify([path, new Uint8Array()], { top: 1 }))];
};
export const codeOf = (error: unknown): FailureCode | undefined => (error instanceof UserError ? error.code : undefined);
export const nameOf = async (path: string): Promise<string> => {
  await using model = await open(path);
  return model.metadata.name;
};
export const isLost = (error: UserError): boolean => error.code === "clip-lost-in-training";
// @ts-expect-error a code that there is not
export const isOdd = (error: UserError): boolean => error.code === "odd";
export const learn = async (signal: AbortSignal): Promise<readonly number[]> => {
  const losses: number[] = [];
  const data = [{ path: "a.wav", labels: "a" }, { path: "b.wav", labels: ["b"], fold: 1 }];
  for await (const event of train("graph.onnx", { data, epochs: 3, signal })) {
    if (event.event === "step") losses.push(event.loss);
    // @ts-expect-error what another event has
    if (event.event === "eval") losses.push(event.lr);
    if (event.event === "done") losses.push(event.figures.best?.mAP ?? 0, event.seconds);
  }
  for await (const event of resume("runs/a")) if (event.event === "start") losses.push(event.clips.train);
  for await (const event of evaluate(["a.onnx", "b.onnx"], { data: "clips" })) {
    if (event.event === "eval" || event.event === "ensemble") losses.push(event.accuracy, event.perClass.length);
  }
  return losses;
};
// @ts-expect-error an option that there is not
void train("graph.onnx", { epoch: 3 });
// @ts-expect-error an option that there is not
void open("graph.onnx", { devise: "cpu" });
`;
  const tsc = join(root, "node_modules/.bin/tsc");

  test.each([
    ["node16", "node16"],
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])("types for module %s, resolved as by %s", (module, moduleResolution) => {
    write("consumer.mts", consumer);
    write("consumer.cts", consumer);
    write("program.mts", program);
    const options = { module, moduleResolution, target: "es2022", strict: true, noEmit: true, types: [] };
    write(
      "tsconfig.json",
      JSON.stringify({ compilerOptions: options, files: ["consumer.mts", "consumer.cts", "program.mts"] }),
    );
    expect(run(project, tsc, ["-p", "tsconfig.json"])).toMatchObject({ status: 0, stdout: "" });
  });

  test("a layer that does not fit is told in a sentence, by the editor and by the compiler", () => {
    const network = `[patchEmbedding({ patch, stride: patch, width: 8 }), meanOfTokens(), attention({ heads: 2 }), dense("classes")]`;
    write(
      "misfit.ts",
      `import { adam, attention, dense, kaldiFbank, meanOfTokens, model, padOrCut, patchEmbedding, singleLabel, waveform } from "specgraph";
const patch = { bins: 8, frames: 8 };
export default model({
  name: "misfit",
  input: waveform({ sampleRateHz: 16_000 }),
  features: [kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }), padOrCut({ frames: 24 })],
  network: ${network},
  objective: singleLabel({ classes: ["no", "yes"] }),
  training: { optimizer: adam({ learningRate: 1e-3 }), batch: 2, epochs: 1 },
});
`,
    );
    const options = { module: "nodenext", target: "es2022", strict: true, noEmit: true, types: [] };
    write("tsconfig.json", JSON.stringify({ compilerOptions: options, files: ["misfit.ts"] }));
    const sentence = "attention() takes tokens, but stands after meanOfTokens(), which gives a vector";
    expect(run(project, tsc, ["-p", "tsconfig.json", "--pretty", "false"]).stdout).toBe(
      `misfit.ts(7,81): error TS2322: Type 'Attention' is not assignable to type '"${sentence}."'.\n`,
    );
    const { status, stderr } = call("specgraph", ["misfit.ts"]);
    expect({ status, first: stderr.split("\n")[0] }).toEqual({
      status: 2,
      first: `misfit.ts:7:81 error: ${sentence} (does-not-fit)`,
    });
  });

  test("types for TypeScript 5 as its tsc --init sets it, which reads no exports", () => {
    write("consumer.ts", consumer);
    write("program.ts", program);
    const options = {
      module: ts.ModuleKind.CommonJS,
      moduleResolution: ts.ModuleResolutionKind.Node10,
      ignoreDeprecations: "6.0",
    };
    const typescript = new Project({
      compilerOptions: { ...options, target: ts.ScriptTarget.ES2022, esModuleInterop: true, strict: true, types: [] },
    });
    typescript.addSourceFilesAtPaths([join(project, "consumer.ts"), join(project, "program.ts")]);
    expect(typescript.formatDiagnosticsWithColorAndContext(typescript.getPreEmitDiagnostics())).toBe("");
  });

  test.each([
    ["ES modules", "mjs", 'import { dense } from "specgraph";\nimport paper from "specgraph/ast";'],
    [
      "CommonJS",
      "cjs",
      'const { dense } = require("specgraph");\nconst { default: paper } = require("specgraph/ast");',
    ],
  ])("values for %s", (_, ending, imports) => {
    write(`consumer.${ending}`, `${imports}\nconsole.log(dense(2).units, paper.name);\n`);
    expect(run(project, process.execPath, [`consumer.${ending}`])).toEqual({
      status: 0,
      stdout: "2 ast\n",
      stderr: "",
    });
  });
});
