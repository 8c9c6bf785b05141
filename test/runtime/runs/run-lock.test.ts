import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRunFolder, openRunFolder } from "../../../runtime/runs/run-folder.ts";
import { lockRun, unlockRun } from "../../../runtime/runs/run-lock.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const lockOf = (owner: object): string => JSON.stringify(owner);
const ownerIn = (folder: string): unknown => JSON.parse(readFileSync(join(folder, "run.lock"), "utf8"));
const self = { pid: process.pid, host: hostname() };

test("a run that another process is at work on is left to it", () => {
  const folder = temporaryFolder({
    "run.lock": lockOf({ pid: process.ppid, host: hostname() }),
    "config.json": "{}",
    "metrics.jsonl": "kept",
  });
  const refusal = saying(
    `${folder}: process ${process.ppid} is training there; wait for its end or stop it. If that is another program, delete ${join(folder, "run.lock")}`,
  );
  expect(() => createRunFolder(folder, "ast", "graph.onnx")).toThrow(refusal);
  expect(() => openRunFolder(folder)).toThrow(refusal);
  expect(readFileSync(join(folder, "metrics.jsonl"), "utf8")).toBe("kept");
});

test("what a killed process, another machine, this process or a cut-off write left is taken over", () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  for (const lock of [lockOf({ pid, host: hostname() }), lockOf({ pid: process.ppid, host: "elsewhere" }), "{", ""]) {
    const folder = temporaryFolder({ "run.lock": lock });
    lockRun(folder);
    lockRun(folder);
    expect(ownerIn(folder)).toStrictEqual(self);
  }
});

test("nothing stays of it", () => {
  const folder = temporaryFolder();
  lockRun(folder);
  unlockRun(folder);
  unlockRun(folder);
  expect(readdirSync(folder)).toStrictEqual([]);
});

test("a lock that cannot be written is told", () => {
  const blocked = temporaryFolder({ "config.json": "{}" });
  mkdirSync(join(blocked, "run.lock"));
  const refusal = saying(`cannot write ${join(blocked, "run.lock")}: it is a folder`);
  expect(() => openRunFolder(blocked)).toThrow(refusal);
  expect(() => createRunFolder(blocked, "ast", "graph.onnx")).toThrow(refusal);
});
