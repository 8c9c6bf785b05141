/** The linter's rules about who may import whom: each bites. (oxlint 1.89 passes over a pattern with a lookahead, in silence.) */
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./runtime/audio/temporary-folder.ts";

/** Files, the modules that they may not import, and those that they may. */
const layers: readonly (readonly [file: string, forbidden: readonly string[], allowed: readonly string[]])[] = [
  [
    "spec/a.ts",
    ["../compiler/compile.ts", "../runtime/cli.ts", "../test/a.ts", "node:fs", "onnxruntime-node"],
    ["specgraph", "specgraph/ast", "./b.ts"],
  ],
  ["spec/recipes/a.ts", ["../../compiler/compile.ts", "valibot"], ["specgraph", "specgraph/ast", "./b.ts"]],
  [
    "spec/dsl/a.ts",
    ["../../compiler/compile.ts", "../../runtime/cli.ts", "../ast.ts", "specgraph", "node:fs"],
    ["./b.ts"],
  ],
  [
    "runtime/specgraph.ts",
    ["../compiler/compile.ts", "./train/train.ts", "../spec/ast.ts", "node:fs"],
    ["../compiler/cli.ts", "./cli.ts"],
  ],
  [
    "golden/a.ts",
    ["../runtime/specgraph.ts", "../compiler/compile.ts", "../runtime/cli.ts", "../spec/ast.ts", "../test/a.ts"],
    ["node:fs"],
  ],
  [
    "compiler/artifact/metadata.ts",
    ["../ir/shape.ts", "ts-morph", "node:fs", "#onnx-proto", "./files/data-file.ts"],
    ["valibot", "./names.ts"],
  ],
  [
    "compiler/artifact/onnx.ts",
    ["../ir/shape.ts", "node:fs", "protobufjs", "onnx-proto"],
    ["#onnx-proto", "./names.ts"],
  ],
  ["compiler/artifact/files/a.ts", ["../../ir/shape.ts", "#onnx-proto", "csv-parse/sync"], ["node:fs", "./b.ts"]],
  [
    "compiler/lower/a.ts",
    ["../../runtime/specgraph.ts", "../../runtime/cli.ts", "../../test/a.ts", "ts-morph", "#onnx-proto"],
    ["../ir/shape.ts"],
  ],
  [
    "compiler/frontend/a.ts",
    [
      "../../runtime/specgraph.ts",
      "../../runtime/cli.ts",
      "../../test/a.ts",
      "#onnx-proto",
      "onnxruntime-node",
      "onnxruntime-web",
    ],
    ["ts-morph"],
  ],
  ["compiler/emit/a.ts", ["../../runtime/cli.ts", "ts-morph", "#onnx-proto", "protobufjs", "flatbuffers"], ["node:fs"]],
  [
    "compiler/emit/training-artifacts/a.ts",
    ["../../../runtime/cli.ts", "ts-morph", "#onnx-proto", "protobufjs"],
    ["flatbuffers", "node:fs"],
  ],
  ["compiler/weights/readers/a.ts", ["../../../runtime/cli.ts", "#onnx-proto"], ["./dtype.ts"]],
  [
    "runtime/train/a.ts",
    [
      "../../compiler/ir/shape.ts",
      "../../compiler/compile.ts",
      "../../spec/ast.ts",
      "ts-morph",
      "onnxruntime-node",
      "#onnx-proto",
    ],
    ["../../compiler/artifact/names.ts", "node:fs"],
  ],
  [
    "runtime/audio/formats/a.ts",
    ["node:fs", "csv-parse/sync", "../../files/read-bytes.ts", "../../../compiler/artifact/names.ts"],
    ["@audio/decode-opus", "@wasm-audio-decoders/ogg-vorbis", "mpg123-decoder", "./b.ts"],
  ],
  ["runtime/audio/open-audio.ts", ["node:fs", "../files/read-bytes.ts"], ["./formats/a.ts"]],
  ["runtime/audio/resample.ts", ["node:fs", "../data/random.ts"], ["./b.ts"]],
  ["runtime/engine/a.ts", ["node:fs", "onnxruntime-node", "onnxruntime-web/webgpu", "#onnx-proto"], ["./node.ts"]],
  ["runtime/engine/node.ts", ["onnxruntime-web", "../../compiler/compile.ts"], ["onnxruntime-node", "node:fs"]],
  ["runtime/engine/web.ts", ["onnxruntime-node", "node:fs", "../../compiler/compile.ts"], ["onnxruntime-web/webgpu"]],
  [
    "runtime/web/a.ts",
    ["node:fs", "onnxruntime-web/webgpu", "onnxruntime-node"],
    ["@noble/hashes/legacy.js", "./b.ts"],
  ],
  ["runtime/metrics/a.ts", ["node:fs", "onnxruntime-node"], ["./b.ts"]],
  ["runtime/engine/disable-telemetry.ts", ["onnxruntime-node", "../../compiler/compile.ts"], ["node:worker_threads"]],
  ["runtime/artifact/decode-artifact.ts", ["node:fs"], ["./check-model.ts"]],
  ["runtime/artifact/check-model.ts", ["node:fs"], ["./b.ts"]],
  ["runtime/artifact/stored-tensor.ts", ["node:fs"], ["./b.ts"]],
  ["runtime/artifact/read-artifact.ts", ["onnxruntime-node"], ["node:fs"]],
  [
    "test/a.ts",
    ["onnxruntime-node", "onnxruntime-web", "#onnx-proto"],
    ["../compiler/compile.ts", "../runtime/cli.ts"],
  ],
  ["test/onnxruntime.ts", ["#onnx-proto"], ["onnxruntime-node"]],
];

const importing = (modules: readonly string[]): string =>
  modules
    .map((module, index) => `import { a as a${index} } from "${module}";\nexport const b${index} = a${index};\n`)
    .join("");

/** What the linter says of these files, a line each. */
const lint = (files: Readonly<Record<string, string>>): string => {
  const folder = temporaryFolder(files);
  copyFileSync(".oxlintrc.json", join(folder, ".oxlintrc.json"));
  return spawnSync(join(process.cwd(), "node_modules/.bin/oxlint"), ["--format", "unix"], {
    cwd: folder,
    encoding: "utf8",
  }).stdout;
};

test("what a folder may not import is an error there, and nothing else is", () => {
  const stdout = lint(
    Object.fromEntries(layers.map(([file, forbidden, allowed]) => [file, importing([...forbidden, ...allowed])])),
  );
  const found = [...stdout.matchAll(/^(\S+?):\d+:\d+: '(\S+)' import is restricted/gm)].map(
    ([, file, module]) => `${file}: ${module}`,
  );
  const expected = layers.flatMap(([file, forbidden]) => forbidden.map((module) => `${file}: ${module}`));
  expect(found.toSorted()).toStrictEqual(expected.toSorted());
});

test("no module of Node.js goes by a name that these rules do not know", () => {
  expect(lint({ "runtime/engine/a.ts": importing(["fs"]) })).toContain("runtime/engine/a.ts:1:");
});
