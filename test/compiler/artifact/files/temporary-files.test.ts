import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  isAlive,
  removeAbandoned,
  replacePair,
  temporaryPath,
} from "../../../../compiler/artifact/files/temporary-files.ts";
import { temporaryFolder } from "../../../runtime/audio/temporary-folder.ts";

describe("temporary files", () => {
  test("those of dead processes go, others stay", () => {
    const folder = temporaryFolder();
    const { pid } = spawnSync(process.execPath, ["--version"]);
    const target = join(folder, "graph.onnx");
    const kept = [
      `graph.onnx.${process.ppid}.tmp`,
      `graph.onnx.data.${pid}.tmp`,
      `graph.onnx.tmp`,
      `graph.onnx.${pid}.txt`,
    ];
    for (const name of [...kept, `graph.onnx.${pid}.tmp`, `graph.onnx.${pid}.old.tmp`])
      writeFileSync(join(folder, name), "");
    mkdirSync(join(folder, `graph.onnx.${process.pid}.tmp`));
    removeAbandoned(target);
    expect(readdirSync(folder).toSorted()).toStrictEqual(kept.toSorted());
  });

  test.runIf(process.platform === "linux")(
    "one that has ended is dead, though its parent has not asked how",
    async () => {
      // The shell's child ends at once; what the shell becomes asks for nothing.
      const parent = spawn("sh", ["-c", "true & echo $!; exec sleep 60"]);
      const [pid] = (await once(parent.stdout, "data")) as [Buffer];
      await expect.poll(() => isAlive(Number(String(pid)))).toBe(false);
      expect(process.kill(Number(String(pid)), 0)).toBe(true);
      expect(isAlive(parent.pid ?? 0)).toBe(true);
      parent.kill();
    },
  );

  test("a data file that cannot be put in its place leaves the graph as it was", () => {
    const folder = temporaryFolder({ "graph.onnx": "old", "graph.onnx.data/x": "" });
    const [graph, data] = [join(folder, "graph.onnx"), join(folder, "graph.onnx.data")];
    for (const target of [graph, data]) writeFileSync(temporaryPath(target), "new");
    expect(() => replacePair(graph, data)).toThrow("EISDIR");
    expect(readFileSync(graph, "utf8")).toBe("old");
    rmSync(data, { recursive: true });
    replacePair(graph, data);
    expect([graph, data].map((path) => readFileSync(path, "utf8"))).toStrictEqual(["new", "new"]);
    expect(readdirSync(folder).toSorted()).toStrictEqual(["graph.onnx", "graph.onnx.data"]);
  });
});
