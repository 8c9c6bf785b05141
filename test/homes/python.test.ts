/** The README's Python, word for word, and graphs of all kinds, by ONNX Runtime for Python. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHomeProject, type HomeProject, isThere, snippet } from "./home-project.ts";

const modules = "onnxruntime, numpy, soundfile";
const python = ["python3", "python"].find((name) => isThere(name, "-c", `import ${modules}`));

/**
 * Prints the classes and the scores of clips, computed at once: where a shorter one has no sample, it has what the file says
 * there.
 */
const batch = `import json, sys
import numpy, onnxruntime, soundfile

graph, *paths = sys.argv[1:]
session = onnxruntime.InferenceSession(graph)
clips = [soundfile.read(path, dtype="float32")[0] for path in paths]
waveform = numpy.full((len(clips), max(map(len, clips))), 3.4028234663852886e38, "float32")
for row, clip in zip(waveform, clips):
    row[: len(clip)] = clip
[scores] = session.run(["scores"], {"waveform": waveform})
classes = json.loads(session.get_modelmeta().custom_metadata_map["specgraph.classes"])
print(json.dumps([dict(zip(classes, map(float, row))) for row in scores]))
`;

const hasRay = python !== undefined && isThere(python, "-c", "import ray.data, pandas");

let project: HomeProject;
const at = (name: string): string => join(project.folder, name);

beforeAll(() => {
  if (python === undefined) return;
  project = createHomeProject();
  writeFileSync(at("readme.py"), snippet("python", "sorted(zip(scores[0]"));
  writeFileSync(at("batch.py"), batch);
  // Of 0.3 and 0.5 s, where the model hears 0.655: what is left out of a WAV file's end goes from its stated size, too.
  for (const [name, seconds] of [
    ["short", 0.3],
    ["middle", 0.5],
  ] as const) {
    const bytes = readFileSync(at("dog.wav")).subarray(0, 44 + 2 * 16_000 * seconds);
    bytes.writeUInt32LE(bytes.length - 44, 40);
    writeFileSync(at(`${name}.wav`), bytes);
  }
}, 120_000);
afterAll(() => project?.remove());

/** ONNX Runtime for Python on another thread's sums. */
const within = 1e-5;

/** The largest difference of a score from `runtime infer`'s. */
const difference = (graph: string, ...clips: readonly string[]): number => {
  const { stdout, stderr } = project.run(python ?? "", "batch.py", graph, ...clips);
  if (stdout === "") throw new Error(stderr);
  const scores = JSON.parse(stdout) as readonly Readonly<Record<string, number>>[];
  const differences = project.infer(graph, ...clips).flatMap((own, row) =>
    // One that is missing differs, too.
    Object.entries(own).map(([label, score]) => Math.abs(score - (scores[row]?.[label] ?? Infinity))),
  );
  return Math.max(...differences);
};

describe.skipIf(python === undefined)("in Python", () => {
  test("the README's lines print the best classes, and leave no telemetry", () => {
    const { status, stdout, stderr } = project.run(python ?? "", "readme.py");
    expect(status, stderr).toBe(0);
    const [scores = {}] = project.infer("graph.onnx", "clip.wav");
    const printed = stdout
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [, label = "", score] = /^(.+) ([\d.]+)$/.exec(line) ?? [];
        return { label, score: Number(score) };
      });
    const best = Object.entries(scores).toSorted(([, a], [, b]) => b - a);
    expect(printed.map(({ label }) => label)).toEqual(best.slice(0, 3).map(([label]) => label));
    for (const { label, score } of printed) expect(Math.abs(score - (scores[label] ?? 0))).toBeLessThan(within);
    expect(project.telemetry()).toEqual([]);
  });

  test("a trained graph gives a batch of several lengths what infer gives each clip", () => {
    expect(difference("graph.onnx", "short.wav", "dog.wav", "middle.wav", "rain.wav")).toBeLessThan(within);
  });

  test("a compiled graph does", () => {
    expect(difference("small.onnx", "wren.wav", "short.wav")).toBeLessThan(within);
  });

  test("a graph with a data file does", () => {
    const text = readFileSync(at("small.ts"), "utf8").replace(
      "{ width: 16, depth: 1, heads: 2 }",
      "{ width: 512, depth: 3, heads: 8 }",
    );
    writeFileSync(at("large.ts"), text);
    project.call("compiler", "large.ts", "--out", "large.onnx");
    expect(existsSync(at("large.onnx.data"))).toBe(true);
    expect(difference("large.onnx", "dog.wav", "short.wav")).toBeLessThan(within);
  });

  test.skipIf(!hasRay)("the README's tables are heard by Ray, to infer's scores", { timeout: 300_000 }, () => {
    const clips = ["dog.wav", "rain.wav", "short.wav"];
    writeFileSync(at("hear.py"), snippet("python", "class Hear"));
    writeFileSync(at("by_ray.py"), snippet("python", "import ray"));
    writeFileSync(at("clips.csv"), `path\n${clips.map((clip) => `${at(clip)}\n`).join("")}`);
    const print = `import pandas; print(pandas.read_parquet("answers").to_json(orient="records"))`;
    writeFileSync(at("print.py"), print);
    const { status, stderr } = spawnSync(python ?? "", ["by_ray.py"], {
      cwd: project.folder,
      env: { ...project.env, RAY_USAGE_STATS_ENABLED: "0" },
      encoding: "utf8",
      timeout: 280_000,
    });
    expect(status, stderr).toBe(0);
    const rows = JSON.parse(project.run(python ?? "", "print.py").stdout) as readonly Record<string, number | string>[];
    expect(new Set(rows.map(({ path }) => path))).toEqual(new Set(clips.map(at)));
    for (const { path, ...scores } of rows) {
      const [own = {}] = project.infer("graph.onnx", String(path));
      expect(new Set(Object.keys(scores))).toEqual(new Set(Object.keys(own)));
      for (const [label, score] of Object.entries(own))
        expect(Math.abs(score - Number(scores[label]))).toBeLessThan(within);
    }
  });
});
