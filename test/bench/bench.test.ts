import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../dist/test/bench/bench.js", import.meta.url));
const run = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
};

test("--help and --list", () => {
  expect(run("--help")).toStrictEqual({
    status: 0,
    stdout: expect.stringMatching(/^Usage: npm run bench -- \[options\]\n/) as string,
    stderr: "",
  });
  expect(run("--list").stdout.split("\n")).toContain("train-tiny-1024");
});

test.each([
  [["--cases", "compile"], "Unknown option '--cases'; see npm run bench -- --help\n"],
  [["compile"], "Unexpected argument 'compile'; see npm run bench -- --help\n"],
  [["--case", "compil"], expect.stringMatching(/^no case is called compil; there are train-tiny-128, .*, pipeline\n$/)],
  [["--rounds", "0"], "--rounds is a whole number of 1 or more, not 0\n"],
  [["--device", "gpu"], "--device is auto, cpu, webgpu, cuda, not gpu\n"],
  [["--memory", "4"], '--memory is usual, least or a number with its unit, such as "4 GB" or "1500 MB", not 4\n'],
])("%j is refused in a line", (args, stderr) => {
  expect(run(...args)).toStrictEqual({ status: 2, stdout: "", stderr });
});
