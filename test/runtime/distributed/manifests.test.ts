/** The manifests in README.md, as far as they can be tried without a cluster: their shell, and the commands that they run. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseOptions } from "../../../runtime/commands/options.ts";
import { trainCommand } from "../../../runtime/commands/train-command.ts";

const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
const [, section = ""] = readme.split("\n## On several machines\n");
const blocks = (language: string): readonly string[] =>
  Array.from(
    section.split("\n## ")[0]?.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms")) ?? [],
    ([, text = ""]) => text,
  );

const commands = (text: string): readonly (readonly string[])[] =>
  Array.from(text.matchAll(/runtime train (.*)$/gm), ([, args = ""]) => args.split(" "));

test("Slurm's script is one of bash, and trains on ranks", () => {
  const [script = ""] = blocks("bash");
  expect(spawnSync("bash", ["-n"], { input: script, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  expect(script).toMatch(/^#SBATCH --ntasks-per-node=1$/m);
  const [args = []] = commands(script);
  expect(parseOptions(trainCommand.usage, args).values).toMatchObject({ resume: true, distributed: "mpi" });
});

test("the MPIJob has as many ranks as workers' slots, and trains on them", () => {
  const [manifest = ""] = blocks("yaml");
  expect(manifest).toMatch(/^apiVersion: kubeflow\.org\/v2beta1\nkind: MPIJob$/m);
  expect(manifest).not.toMatch(/\t/);
  expect(/-np (\d+)/.exec(manifest)?.[1]).toBe(/Worker:\n\s+replicas: (\d+)/.exec(manifest)?.[1]);
  const [args = []] = commands(manifest);
  expect(parseOptions(trainCommand.usage, args)).toMatchObject({
    operands: ["graph.onnx"],
    values: { distributed: "mpi" },
  });
});
