/** The built command line, as users run it. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeOnnx } from "../../compiler/artifact/onnx.ts";
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import { version } from "../../compiler/artifact/version.ts";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type ArtifactMetadata, parseMetadata } from "../../compiler/artifact/metadata.ts";

const cli = fileURLToPath(new URL("../../dist/compiler/cli.js", import.meta.url));

/** A new folder with `spec.ts`, a tiny model. */
const makeFolder = (options = ""): string => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(fileURLToPath(new URL("tiny-model.ts", import.meta.url)), join(folder, "tiny-model.ts"));
  writeFileSync(
    join(folder, "spec.ts"),
    `import { tiny } from "./tiny-model.ts";\nexport default tiny({ ${options} });\n`,
  );
  return folder;
};

const run = (folder: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
};

const sources = new Set(["spec.ts", "tiny-model.ts"]);
const written = (folder: string): readonly string[] => readdirSync(folder).filter((name) => !sources.has(name));

test("variants are listed, compiled one by one, or all", () => {
  const folder = makeFolder();
  const spec = `import { variants } from "specgraph";
import { tiny } from "./tiny-model.ts";
export default variants(tiny, { seed: [0, 4] }, { seeds: 1 });
`;
  writeFileSync(join(folder, "spec.ts"), spec);
  const listed = run(folder, "spec.ts", "--print", "variants", "--seeds", "2");
  expect(listed.stdout).toBe("seed=0, seed 0\nseed=0, seed 1\nseed=4, seed 4\nseed=4, seed 5\n");
  expect(run(folder, "spec.ts").stderr).toBe(`error: spec.ts has 2 variants: seed=0, seed=4 (variant-not-named)
  fix: compile one with --variant seed=0, or all with --variants DIR; \`runtime sweep\` trains and compares them
`);
  expect(written(folder)).toStrictEqual([]);
  expect(run(folder, "spec.ts", "--variant", "seed=4").stdout).toMatch(/^spec\.ts -> graph\.onnx: tiny, 2 classes, /);
  const { stdout } = run(folder, "spec.ts", "--variants", "out");
  expect(stdout.split("\n").map((line) => line.slice(0, 22))).toStrictEqual([
    "out/seed=0/seed-0.onnx",
    "out/seed=4/seed-4.onnx",
    "spec.ts -> out: 2 grap",
    "",
  ]);
  const { variants } = JSON.parse(run(folder, "spec.ts", "--variants", "out", "--json").stdout) as {
    readonly variants: readonly object[];
  };
  expect(variants).toMatchObject([
    { variant: "seed=0", seed: 0, out: "out/seed=0/seed-0.onnx", memory: { training: { batch: 2 } } },
    { variant: "seed=4", seed: 4, out: "out/seed=4/seed-4.onnx" },
  ]);
  writeFileSync(join(folder, "taken"), "");
  expect(run(folder, "spec.ts", "--variants", "taken").stderr).toBe(
    "error: cannot write to taken/seed=0: its folder is a file (output-not-written)\n",
  );
});

test("what warns of some variants, with their names", () => {
  const folder = makeFolder();
  const spec = `import { adamW, dense, log, meanOfTokens, melSpectrogram, model, padOrCut, patchEmbedding, singleLabel, variants, waveform } from "specgraph";
const square = { bins: 16, frames: 16 };
const heard = ({ fft = 512 }: { readonly fft?: number }) =>
  model({
    name: "heard",
    input: waveform({ sampleRateHz: 16_000 }),
    features: [melSpectrogram({ bins: 32, fftSamples: fft, highHz: 4000 }), log({ plus: 1e-5 }), padOrCut({ frames: 16 })],
    network: [patchEmbedding({ patch: square, stride: square, width: 4 }), meanOfTokens(), dense("classes")],
    objective: singleLabel({ classes: ["a", "b"] }),
    training: { optimizer: adamW({ learningRate: 1e-3 }), batch: 2, epochs: 1 },
  });
export default variants(heard, { fft: [128, 1024] }, { seeds: 2 });
`;
  writeFileSync(join(folder, "spec.ts"), spec);
  const warning =
    "fft=128: 2 of the 32 filters of melSpectrogram weigh no frequency of its transform, so that bins 0, 3, counted from 0, are silent whatever is heard; take fewer bins, or more fftSamples than 128";
  expect(run(folder, "spec.ts", "--variants", "out").stderr).toBe(`warning: ${warning}\n`);
  expect(JSON.parse(run(folder, "spec.ts", "--variants", "out", "--json").stdout)).toMatchObject({
    warnings: [warning],
  });
});

test.each([
  ["specgraph compile", "npx"],
  ["npm run compile --", "compile"],
])("--help of %s", (command, event) => {
  vi.stubEnv("npm_lifecycle_event", event);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(run(tmpdir(), "--help")).toStrictEqual({
    status: 0,
    stderr: "",
    stdout: `Usage: ${command} [SPEC] [options]

Compiles a model spec to one ONNX file that infers and trains.

  SPEC                  a TypeScript file whose default export is a model, a function of options that gives one, or
                        variants(...) (default: spec/ast.ts)

  --out FILE            the file to write (default: graph.onnx)
  --artifacts DIR       write what ONNX Runtime's training builds (1.19.2) load instead: training_model.onnx, eval_model.onnx,
                        optimizer_model.onnx and checkpoint
  --set PATH=VALUE      an option of the spec as though the spec said so: stride=12, training.epochs=5; as often as there are
                        options to set; lists and objects as JSON
  --variant NAME        of a spec with variants, the one to compile
  --variants DIR        compile all of them, each with each of its seeds, to DIR/NAME/seed-0.onnx and so on
  --seeds N             with --variants or --print variants: so many seeds of each, from its first on (default: the spec's)
  --weights PATH        to start from: .pth, .safetensors, .npz, graph.onnx, a checkpoint of --artifacts or a Hugging Face
                        folder; none for random ones (default: the spec's)
  --weights-from KEY    which of several models in it: model_ema, teacher, ... (default: the spec's)
  --weights-labels CSV  the weights' class names, by row (default: the file's own)
  --memory SIZE         what training may take, such as 4GB: what does not fit is computed anew (default: the spec's)
  --input KIND          where the graph starts: waveform or features (default: waveform)
  --outputs NAMES       what the graph gives besides logits and scores: embedding, attention, or both with a comma between
  --print STAGE         print inference, gradients or update as text, and write nothing; cost: what each part of the spec
                        takes of operations and memory; variants: which there are
  --batch N             with --print cost: clips at once (default: 1)
  --seconds S           with --print cost: their length (default: as long as the model hears)
  --watch               compile again whenever the spec, or a file that it reads, has changed; Ctrl-C ends it
  --explain CODE        tell what an error's code, which stands behind its message, means
  --json                print one JSON object instead of text
  --version             print the version
  --help                print this

Examples:
  ${command} spec/birds.ts --out birds.onnx
  ${command} spec/birds.ts --print cost --batch 16
  ${command} spec/birds.ts --set stride=12 --set training.epochs=5 --out birds-12.onnx
  ${command} spec/ablations/overlap.ts --variant stride=12 --out overlap-4.onnx
  ${command} spec/esc10.ts --weights deit_tiny_patch16_224-a1311bcf.pth --out esc10.onnx
`,
  });
});

test("--print tells the line of the spec that a value comes from", () => {
  const { stdout } = run(makeFolder(), "spec.ts", "--print", "gradients");
  const softmax = /^gradient\/blocks\.0\.residual1\.attention\/\S+: .* = mul\(.*\) {2}# tiny-model\.ts:(\d+)$/m.exec(
    stdout,
  );
  const source = readFileSync(new URL("tiny-model.ts", import.meta.url), "utf8").split("\n");
  expect(source[Number(softmax?.[1]) - 1]).toContain("attention({ heads: 2 })");
});

test("--set varies the spec, and is recorded", () => {
  const folder = makeFolder("seed: 1");
  const args = ["--set", "seed=2", "--set", "name=what if"];
  expect(run(folder, "spec.ts", ...args)).toMatchObject({ status: 0, stderr: "" });
  const found = parseMetadata(
    decodeOnnx(readFileSync(join(folder, "graph.onnx"))).metadataProps ?? [],
  ) as ArtifactMetadata;
  expect(found).toMatchObject({ specName: "what if", settings: ["seed=2", "name=what if"], recipe: { seed: 2 } });
});

test("--set of what the spec does not take", () => {
  const folder = makeFolder("seed: 1");
  expect(run(folder, "spec.ts", "--set", "sed=2")).toStrictEqual({
    status: 2,
    stdout: "",
    stderr: `--set:1:1 error: tiny takes no "sed"; it takes features, name, input, network, objective, training, pretrained, seed (set-unknown-name)
  1 | sed=2
    | ^^^
  fix: --set seed=2
`,
  });
  expect(written(folder)).toStrictEqual([]);
});

test("--explain tells what a code means", () => {
  const folder = makeFolder();
  expect(run(folder, "--explain", "not-called").stdout).toBe(`not-called

The function itself stands where what it gives is meant. A layer, a schedule or a feature step comes of calling its function, with empty brackets where it needs no options.

As it is written:

    schedule: cosine()
`);
  expect(JSON.parse(run(folder, "--explain", "TS2588", "--json").stdout)).toMatchObject({
    code: "TS2588",
    means: expect.stringContaining("TypeScript's"),
  });
  expect(run(folder, "--explain", "not-call")).toStrictEqual({
    status: 2,
    stdout: "",
    stderr: 'error: no error has the code "not-call"; did you mean not-called? (arguments)\n',
  });
});

test("--print: one stage as text, and no file", () => {
  const folder = makeFolder();
  const { status, stdout, stderr } = run(folder, "spec.ts", "--print", "update");
  expect({ status, stderr }).toStrictEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(
    /^input learning_rate: float32\[\]\nstate patchEmbedding\.weight: float32\[8, 1, 8, 8\] <- optimizer\//,
  );
  expect(stdout).toContain("\noptimizer/optimizer/add.0: int32[] = add(optimizer.step, constant/one-step)\n");
  expect(written(folder)).toStrictEqual([]);
});

test("--print of a stage for programs: one JSON object with its lines", () => {
  const folder = makeFolder();
  const { stdout: text } = run(folder, "spec.ts", "--print", "update");
  const { status, stdout, stderr } = run(folder, "spec.ts", "--print", "update", "--json");
  expect({ status, stderr }).toStrictEqual({ status: 0, stderr: "" });
  const lines = text.trimEnd().split("\n");
  expect(JSON.parse(stdout)).toStrictEqual({ spec: "spec.ts", input: "waveform", stage: "update", lines });
  expect(written(folder)).toStrictEqual([]);
});

test("--version, and -h for --help", () => {
  expect(run(tmpdir(), "--version")).toStrictEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  expect(run(tmpdir(), "-h")).toStrictEqual(run(tmpdir(), "--help"));
});

describe("--print cost", () => {
  test("for people: a table, and no file", () => {
    const folder = makeFolder();
    const { status, stdout, stderr } = run(folder, "spec.ts", "--print", "cost", "--batch", "3", "--seconds", "0.5");
    expect({ status, stderr }).toStrictEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(
      /^spec\.ts: 3 clips of 8,000 samples \(0\.50 s\) at once\n\n +inference +gradients +update\npath /,
    );
    const source = readFileSync(new URL("tiny-model.ts", import.meta.url), "utf8").split("\n");
    for (const [path, code] of [
      // A spread may have replaced what stands before it, so that the whole is named.
      ["features", "model({"],
      ["blocks.0.residual1.attention", "attention("],
      ["objective", "model({"],
    ] as const) {
      const row = stdout.split("\n").find((line) => line.startsWith(`${path} `));
      expect(source[Number(row?.split("tiny-model.ts:")[1]) - 1]).toContain(code);
    }
    expect(written(folder)).toStrictEqual([]);
  });

  test("for programs: one JSON object with exact figures", () => {
    const { stdout } = run(makeFolder(), "spec.ts", "--print", "cost", "--input", "features", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      spec: "spec.ts",
      input: "features",
      batch: 1,
      costs: expect.arrayContaining([
        // 8 tokens and their classifier's input of 8: two operations for each product and sum.
        expect.objectContaining({ path: "dense", inference: { flops: 32, activationBytes: 8, largestTensorBytes: 8 } }),
      ]) as unknown,
    });
  });

  test.each([
    ["0.01", "waveform", "--seconds 0.01 gives 160 samples at 16000 Hz; the graph takes 400 or more"],
    ["1", "features", "--seconds is the length of waveforms, and the graph starts at features"],
  ])("--seconds %s of %s is refused", (seconds, input, message) => {
    const args = ["spec.ts", "--print", "cost", "--input", input, "--seconds", seconds];
    expect(run(makeFolder(), ...args)).toStrictEqual({ status: 2, stdout: "", stderr: `error: ${message} (cost)\n` });
  });
});

describe("wrong arguments", () => {
  test.each([
    [["--bogus"], "error: Unknown option '--bogus'; see --help (arguments)\n"],
    [["--out"], "error: Option '--out <value>' argument missing; see --help (arguments)\n"],
    [["--json=yes"], "error: Option '--json' does not take an argument; see --help (arguments)\n"],
    [["a.ts", "b.ts"], "error: expected one spec, got a.ts b.ts; see --help (arguments)\n"],
    [["--input", "mel"], "error: --input is waveform or features, not mel (arguments)\n"],
    [["--print", "loss"], "error: --print is inference, gradients, update, cost or variants, not loss (arguments)\n"],
    [["--variants", ""], "error: --variants names no folder; see --help (arguments)\n"],
    [
      ["--variants", "out", "--print", "update"],
      "error: --variants is about all variants, and --print update about one: --variant NAME (arguments)\n",
    ],
    [
      ["--variants", "out", "--variant", "a"],
      "error: --variant is about one variant, and this about all of them (arguments)\n",
    ],
    [
      ["--variants", "out", "--out", "a.onnx"],
      "error: --variants names where all variants go, and --out where one does; leave one of them out (arguments)\n",
    ],
    [["--seeds", "2"], "error: --seeds goes with --variants; the seed of a model is in its spec (arguments)\n"],
    [["--variants", "out", "--seeds", "0"], "error: --seeds is a whole number from 1 to 1000, not 0 (arguments)\n"],
    [["--outputs", "embedding,mel"], 'error: --outputs takes embedding and attention, not "mel" (arguments)\n'],
    [["--outputs", ","], 'error: --outputs takes embedding and attention, not "" (arguments)\n'],
    [
      ["--outputs", "attention", "--print", "inference"],
      "error: --outputs is about the file that is written, and --print writes none; leave one of them out (arguments)\n",
    ],
    [["--batch", "2"], "error: --batch goes with --print cost; a recipe's batch is in the spec (arguments)\n"],
    [["--print", "cost", "--batch", "1.5"], "error: --batch is a whole number of 1 or more, not 1.5 (arguments)\n"],
    [["--print", "cost", "--seconds", "x"], "error: --seconds is a number above 0, not x (arguments)\n"],
    [["--print", "cost", "--seconds=-1"], "error: --seconds is a number above 0, not -1 (arguments)\n"],
    [["--out", ""], "error: --out names no file; see --help (arguments)\n"],
    [["--artifacts", ""], "error: --artifacts names no folder; see --help (arguments)\n"],
    ...(["--out", "--outputs", "--print", "--variants"] as const).map((option): [string[], string] => [
      ["--artifacts", "a", option, option === "--print" ? "update" : "attention"],
      `error: ${option} is about graphs, and --artifacts writes none; leave one of them out (arguments)\n`,
    ]),
    [["--weights", ""], "error: --weights names no file; see --help (arguments)\n"],
    [[], "error: no spec is named, and there is no spec/ast.ts here; see --help (arguments)\n"],
  ])("%j", (args, message) => {
    const folder = makeFolder();
    expect(run(folder, ...args)).toStrictEqual({ status: 2, stdout: "", stderr: message });
    expect(written(folder)).toStrictEqual([]);
  });
});

test("--weights-from without weights", () => {
  const { status, stderr } = run(makeFolder(), "spec.ts", "--weights-from", "model_ema");
  expect({ status, stderr }).toStrictEqual({
    status: 2,
    stderr: "error: --weights-from names a part of a checkpoint, but there is none (checkpoint)\n",
  });
});

describe("a checkpoint that the spec names", () => {
  const name = (folder: string, options: string): void =>
    writeFileSync(
      join(folder, "spec.ts"),
      `import { checkpoint } from "specgraph";
import { tiny } from "./tiny-model.ts";
export default tiny({
  pretrained: checkpoint({ ${options} }),
});
`,
    );

  test("and that is missing is told where it is named, with what to do", () => {
    const folder = makeFolder();
    name(folder, 'file: "vit.pth"');
    expect(run(folder, "spec.ts")).toStrictEqual({
      status: 2,
      stdout: "",
      stderr: `spec.ts:4:34 error: ${join(folder, "vit.pth")}: there is no such file (checkpoint)
  4 |   pretrained: checkpoint({ file: "vit.pth" }),
    |                                  ^^^^^^^^^
  fix: put the file there, or start from random weights: --weights none
`,
    });
    expect(run(folder, "spec.ts", "--weights", "none").status).toBe(0);
  });

  test("and that is none is told there, too", () => {
    const folder = makeFolder();
    name(folder, 'file: "spec.ts"');
    const { status, stderr } = run(folder, "spec.ts");
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^spec\.ts:4:34 error: \S+spec\.ts: is not a checkpoint; expected .*\n {2}4 \|.*\n {4}\| +\^+\n$/,
    );
  });
});

test("--weights-from names a part of the checkpoint", () => {
  const folder = makeFolder();
  expect(run(folder, "spec.ts", "--out", "a.onnx").status).toBe(0);
  const { status, stderr } = run(folder, "spec.ts", "--weights", "a.onnx", "--weights-from", "model_ema");
  expect({ status, stderr }).toStrictEqual({
    status: 2,
    stderr: 'error: a.onnx: has no weights under "model_ema"; it has them under the top level (checkpoint)\n',
  });
});

describe("what a compilation prints", () => {
  test("for people", () => {
    const folder = makeFolder();
    const { status, stdout, stderr } = run(folder, "spec.ts");
    expect({ status, stderr }).toStrictEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(
      /^spec\.ts -> graph\.onnx: tiny, 2 classes, \d\.\d k parameters, \d\.\d MB, \d+\.\d s\nmemory on the CPU, about: 120\.\d MB to infer a clip, 230\.\d MB to train on 2 at once\nwork: \d+\.\d M operations and \d+\.\d kB of results to infer a clip, \d+\.\d M operations and \d+\.\d kB of results a step of 2\n$/,
    );
    expect(written(folder)).toStrictEqual(["graph.onnx"]);
  });

  test("for programs: one JSON object", () => {
    const folder = makeFolder();
    const { status, stdout } = run(folder, "spec.ts", "--json", "--out", "tiny.onnx", "--input", "features");
    const model = decodeOnnx(readFileSync(join(folder, "tiny.onnx")));
    const metadata = parseMetadata(model.metadataProps) as ArtifactMetadata;
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toStrictEqual({
      spec: "spec.ts",
      out: "tiny.onnx",
      input: "features",
      settings: [],
      options: [],
      seconds: expect.any(Number) as number,
      bytes: { graph: readFileSync(join(folder, "tiny.onnx")).length, data: 0 },
      parameters: metadata.parameters,
      specHash: metadata.specHash,
      memory: { inference: expect.any(Number), training: { batch: 2, bytes: expect.any(Number) } },
      work: {
        inference: { batch: 1, operations: expect.any(Number), bytes: expect.any(Number) },
        step: { batch: 2, operations: expect.any(Number), bytes: expect.any(Number) },
      },
      warnings: [],
    });
    expect(model.graph?.input?.map(({ name }) => name)).toStrictEqual(["input_values"]);
  });

  test("what artifacts cannot say, by its line", () => {
    const folder = makeFolder(`training: { optimizer: { kind: "adam", learningRate: 1e-3 }, batch: 4, epochs: 1,
  rates: { "dense.*": 2 } }`);
    expect(run(folder, "spec.ts", "--artifacts", "phone")).toStrictEqual({
      status: 2,
      stdout: "",
      stderr: `spec.ts:3:23 error: ONNX Runtime's optimizer has one learning rate for all parameters: the rate 2 of "dense.*" cannot be expressed (not-in-training-artifacts)
  3 |   rates: { "dense.*": 2 } } });
    |                       ^
  fix: 1, or 0 to freeze them
`,
    });
    expect(written(folder)).toStrictEqual([]);
  });

  test("artifacts, for people and for programs", () => {
    const folder = makeFolder(
      "training: { optimizer: { kind: 'adam', learningRate: 1e-3 }, batch: 4, accumulate: 2, epochs: 1 }",
    );
    const { status, stdout, stderr } = run(folder, "spec.ts", "--artifacts", "new/phone");
    expect({ status, stderr }).toStrictEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(
      /^spec\.ts -> new\/phone: tiny, 2 classes, \d\.\d k parameters, \d\.\d MB \+ \d+\.\d kB in checkpoint, \d+\.\d s\na training step takes waveform, targets, and the optimizer steps after 2 of them, of as many clips each\nlearning rate, batch, epochs and averages over them are the application's: the checkpoint's property specgraph\.recipe has the spec's\n$/,
    );
    expect(written(folder)).toStrictEqual(["new"]);
    const printed = run(folder, "spec.ts", "--artifacts", "new/phone", "--json");
    const size = (name: string): number => readFileSync(join(folder, "new", "phone", name)).length;
    expect(JSON.parse(printed.stdout)).toStrictEqual({
      spec: "spec.ts",
      artifacts: "new/phone",
      input: "waveform",
      settings: [],
      options: [],
      seconds: expect.any(Number) as number,
      bytes: {
        models: size("training_model.onnx") + size("eval_model.onnx") + size("optimizer_model.onnx"),
        checkpoint: size("checkpoint"),
      },
      parameters: expect.any(Number) as number,
      specHash: expect.any(String) as string,
      inputs: ["waveform", "targets"],
      warnings: [],
    });
  });

  test("a budget of memory is written down, and one that the machine has not is told", () => {
    const folder = makeFolder();
    const recipeOf = (...args: readonly string[]) => {
      const { status, stderr } = run(folder, "spec.ts", ...args);
      const { metadataProps } = decodeOnnx(readFileSync(join(folder, "graph.onnx")));
      return { status, stderr, memoryBytes: (parseMetadata(metadataProps) as ArtifactMetadata).recipe.memoryBytes };
    };
    expect(recipeOf()).toStrictEqual({ status: 0, stderr: "", memoryBytes: undefined });
    expect(recipeOf("--memory", "1.5 GB")).toStrictEqual({ status: 0, stderr: "", memoryBytes: 1.5e9 });
    expect(recipeOf("--memory", "900TB")).toStrictEqual({
      status: 0,
      stderr: `memory: 900.0 TB are allowed, and this machine has ${formatBytes(totalmem())}\n`,
      memoryBytes: 900e12,
    });
  });

  test("outputs that are asked for", () => {
    const folder = makeFolder();
    const { status, stderr } = run(folder, "spec.ts", "--outputs", "embedding, attention");
    expect({ status, stderr }).toStrictEqual({ status: 0, stderr: "" });
    const { graph } = decodeOnnx(readFileSync(join(folder, "graph.onnx")));
    expect(graph?.output?.map(({ name }) => name)).toStrictEqual(["logits", "scores", "embedding", "attention"]);
  });

  test("outputs that the network has not, on stderr, and no file", () => {
    const network = `[{ kind: "patchEmbedding", patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 4 }, { kind: "meanOfPatches" }, { kind: "dense", units: "classes" }]`;
    const folder = makeFolder(`network: ${network}`);
    expect(run(folder, "spec.ts", "--outputs", "attention")).toStrictEqual({
      status: 2,
      stdout: "",
      stderr:
        "error: the graph cannot have such an output: it has no attention layer, whose weights attention is made of (output-missing)\n",
    });
    expect(written(folder)).toStrictEqual([]);
  });

  test("a spec's mistakes, on stderr", () => {
    expect(run(makeFolder("seed: 0.5"), "spec.ts", "--json")).toStrictEqual({
      status: 2,
      stdout: "",
      stderr: `spec.ts:2:29 error: seed must be a whole number, not 0.5 (number-out-of-range)
  2 | export default tiny({ seed: 0.5 });
    |                             ^^^
`,
    });
  });
});

test("numbers that the runtime would refuse are not written", () => {
  const folder = makeFolder('input: { kind: "waveform", sampleRateHz: 500 }');
  const { status, stderr } = run(folder, "spec.ts");
  expect({ status, stderr }).toStrictEqual({
    status: 2,
    stderr:
      "error: spec.ts: the runtime would refuse the graph: its metadata property specgraph.sampleRateHz is 500; " +
      "expected a whole number from 1000 to 1000000 (beyond-reason)\n",
  });
  expect(written(folder)).toStrictEqual([]);
});

describe("outputs that cannot be written leave nothing behind", () => {
  test.each([
    ["missing/graph.onnx", "its folder does not exist"],
    ["folder", "it is a folder"],
    ["spec.ts/graph.onnx", "its folder is a file"],
    [`${"n".repeat(300)}.onnx`, "its name is too long"],
  ])("%s", (out, reason) => {
    const folder = makeFolder();
    mkdirSync(join(folder, "folder"));
    expect(run(folder, "spec.ts", "--out", out)).toStrictEqual({
      status: 2,
      stdout: "",
      stderr: `error: cannot write ${out}: ${reason} (output-not-written)\n`,
    });
    expect(written(folder)).toStrictEqual(["folder"]);
    expect(readdirSync(join(folder, "folder"))).toStrictEqual([]);
  });

  test("an older graph stays when the spec is wrong", () => {
    const folder = makeFolder("seed: 0.5");
    writeFileSync(join(folder, "graph.onnx"), "old");
    expect(run(folder, "spec.ts").status).toBe(2);
    expect(readFileSync(join(folder, "graph.onnx"), "utf8")).toBe("old");
  });
});

test("compiling twice gives the same bytes", () => {
  const folder = makeFolder();
  for (const out of ["a.onnx", "b.onnx"])
    execFileSync(process.execPath, [cli, "spec.ts", "--out", out], { cwd: folder });
  expect(readFileSync(join(folder, "a.onnx")).equals(readFileSync(join(folder, "b.onnx")))).toBe(true);
  expect(existsSync(join(folder, "a.onnx.data"))).toBe(false);
});
