/** What a browser loads: followed import by import, it knows no Node.js. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const entries = [
  "runtime/page/main.ts",
  "runtime/web/index.ts",
  "runtime/web/audio-worker.ts",
  "runtime/web/model-worker.ts",
  "runtime/web/training-worker.ts",
  "runtime/train/train-loop.ts",
  "runtime/engine/web.ts",
  "runtime/engine/classifier.ts",
  "runtime/engine/feature-extractor.ts",
  "runtime/engine/training-session.ts",
  "runtime/artifact/decode-artifact.ts",
  "runtime/audio/open-audio.ts",
  "runtime/audio/resample.ts",
  ...readdirSync("runtime/metrics").map((name) => `runtime/metrics/${name}`),
];

/** What is imported when the file is loaded, which types are not, or later. */
const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?:^(?:import|export)\s(?!type\b)(?:[^;"]*?from )?|\bimport\()"([^"]+)"/gm)].flatMap(
    ([, path]) => path ?? [],
  );

/** The files that the entries load, and the packages. */
const follow = () => {
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const open = [...entries];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    const text = readFileSync(file, "utf8");
    files.set(file, text);
    for (const path of importsOf(text)) {
      if (path.startsWith(".")) open.push(join(dirname(file), path));
      else packages.add(path);
    }
  }
  return { files, packages };
};

test("what runs in a browser, too, imports nothing of Node.js, and names none of its globals", () => {
  const { files, packages } = follow();
  expect(files.size).toBeGreaterThan(60);
  expect([...packages].toSorted()).toStrictEqual([
    "#onnx-proto",
    "@audio/decode-opus/core",
    "@noble/hashes/legacy.js",
    "@noble/hashes/sha2.js",
    "@noble/hashes/utils.js",
    "@wasm-audio-decoders/ogg-vorbis",
    "mpg123-decoder",
    "onnxruntime-web/webgpu",
    "pure-rand/distribution/uniformFloat64",
    "pure-rand/generator/xoroshiro128plus",
    "valibot",
  ]);
  const naming = [...files].filter(([, text]) => /\b(?:Buffer\.|process\.|__dirname|require\()/.test(text));
  expect(naming.map(([file]) => file)).toStrictEqual([]);
});
