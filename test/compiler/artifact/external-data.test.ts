/** The pair of graph and data file: killed at any moment, mixed, renamed and damaged, it answers rightly or not at all. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { locateValues } from "../../../compiler/artifact/external-data.ts";
import { checksumOf } from "../../../compiler/artifact/files/data-file.ts";
import { DataLocation } from "../../../compiler/artifact/onnx.ts";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import { createOutput } from "../../../runtime/commands/output.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readTensor } from "../../../runtime/artifact/stored-tensor.ts";
import { graphDigest } from "../../../runtime/runs/run-config.ts";
import { temporaryFolder } from "../../runtime/audio/temporary-folder.ts";
import { wavBytes } from "../../runtime/audio/wav-bytes.ts";
import { openCheckpoint } from "../../../compiler/weights/readers/open-checkpoint.ts";

const built = (path: string): string => fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url));

/** Of 36 MB, so that its parameters are in a data file. */
const spec = (seed: number): string => `import { ast, sizes } from "${built("spec/ast.js")}";
import { numbered, singleLabel } from "specgraph";
const size = { ...sizes.small224, depth: 5 };
const objective = singleLabel({ classes: numbered(2) });
export default { ...ast({ size, objective, frames: 64, stride: { bins: 16, frames: 16 } }), seed: ${seed} };
`;

/** Kills the process when it has renamed so many files. */
const killAfter = (renames: number): string => `data:text/javascript,
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const { renameSync } = fs;
let count = 0;
fs.renameSync = (...paths) => {
  renameSync(...paths);
  count += 1;
  if (count === ${renames}) process.kill(process.pid, "SIGKILL");
};
syncBuiltinESMExports();`;

const compile = (folder: string, seed: number, ...options: readonly string[]): NodeJS.Signals | null => {
  writeFileSync(join(folder, "spec.ts"), spec(seed));
  const args = [...options, built("compiler/cli.js"), "spec.ts", "--weights", "none"];
  const { status, signal, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0 && signal === null) throw new Error(stderr);
  return signal;
};

/** The first parameter's first value, which no two seeds share. */
const firstValue = async (graph: string): Promise<number | bigint | undefined> => {
  const { parameters } = readArtifact(graph);
  const random = parameters.find(({ name }) => name.endsWith("qkv.weight"));
  return random && (await readTensor(random))[0];
};

test("compile killed after each of its renames: the old graph, none, or the new one; never the old with new data", async () => {
  const folder = temporaryFolder();
  const graph = join(folder, "graph.onnx");
  compile(folder, 1);
  const old = await firstValue(graph);
  const found: string[] = [];
  for (const renames of [1, 2, 3]) {
    expect(compile(folder, 2, "--import", killAfter(renames))).toBe("SIGKILL");
    const value = existsSync(graph) ? await firstValue(graph) : undefined;
    found.push(value === undefined ? "none" : value === old ? "old" : "new");
    compile(folder, 1);
    expect(await firstValue(graph)).toBe(old);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toStrictEqual([]);
  }
  expect(found).toStrictEqual(["none", "none", "new"]);
}, 300_000);

test("a mixed pair, a damaged one, and copies under other names", async () => {
  const [folder, other] = [temporaryFolder({ "clip.wav": wavBytes([9000, 0, 0, 1]) }), temporaryFolder()];
  compile(folder, 1);
  compile(other, 2);
  const graph = join(folder, "graph.onnx");
  const copy = join(folder, "copy.onnx");
  copyFileSync(graph, copy);
  const artifact = readArtifact(copy);
  expect(artifact.dataFiles.map((file) => file.path)).toStrictEqual([`${graph}.data`]);
  expect(await graphDigest(artifact)).toBe(await graphDigest(readArtifact(graph)));
  expect(openCheckpoint(copy).tensors.get("dense.bias")?.readFloat32()).toHaveLength(2);

  const own = readFileSync(`${graph}.data`);
  const told = `${graph}.data: not the data that ${graph} was written with; copy the two files together, or compile again`;
  copyFileSync(join(other, "graph.onnx.data"), `${graph}.data`);
  expect(() => readArtifact(graph)).toThrow(told);
  const clip = join(folder, "clip.wav");
  const infer = inferCommand.run([graph, clip, "--device", "cpu"], createOutput(true), new AbortController().signal);
  await expect(infer).rejects.toThrow(told);
  const read = (): unknown => openCheckpoint(graph).tensors.get("dense.bias")?.readFloat32();
  expect(read).toThrow(
    `${graph}.data: is not the data that ${graph} was written with; copy the two files together, or compile again`,
  );

  const file = openSync(`${graph}.data`, "w");
  own[20_000_000] = (own[20_000_000] ?? 0) ^ 1;
  writeSync(file, own);
  expect(() => readArtifact(graph)).toThrow(told);
}, 300_000);

test("a checksum is the SHA-1 of the file, as ONNX has it", () => {
  // FIPS 180-4's example.
  const path = join(temporaryFolder({ abc: "abc" }), "abc");
  expect(checksumOf(path)).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
});

test("a tensor without an offset and a length has the beginning of the data file", () => {
  const tensor = { dataLocation: DataLocation.EXTERNAL, externalData: [{ key: "location", value: "moved" }] };
  expect(locateValues(tensor, 3)).toStrictEqual({
    kind: "external",
    place: { location: "moved", offset: 0, length: 3 },
  });
});
