import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { describeFailure } from "../../runtime/commands/describe-failure.ts";
import { failureCodes } from "../../runtime/failure-codes.ts";
import { UserError } from "../../runtime/user-error.ts";
import { literalsOf } from "../literals-of.ts";

const sourcesOf = (half: "compiler" | "runtime") => {
  const folder = fileURLToPath(new URL(`../../${half}`, import.meta.url));
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
};

const sources = sourcesOf("runtime");

/** What failures are made with: their codes; undefined where one is handed on. */
const made = sources.flatMap(({ name, text }) =>
  Array.from(text.matchAll(/new (?:UserError|UnreadableClip)\(\s*(?:"([^"]*)")?/g), ([, code]) => ({ name, code })),
);

describe("codes of failures", () => {
  const found = [...new Set(made.flatMap(({ code }) => code ?? []))].toSorted();

  test("are those of the table, each told once, in one sentence or two", () => {
    expect(found).toStrictEqual(Object.keys(failureCodes));
    const told = Object.values(failureCodes);
    expect(new Set(told).size).toBe(told.length);
    expect(told.filter((text) => !/^[A-Z].*\.$/.test(text) || text.length > 110)).toStrictEqual([]);
  });

  test("are words of the field, in kebab-case", () => {
    expect(found.filter((code) => !/^[a-z]+(-[a-z0-9]+)*$/.test(code))).toStrictEqual([]);
  });

  test("each failure has one; only what comes out of a thread or is a clip's is handed on", () => {
    expect(made.filter(({ code }) => code === undefined).map(({ name }) => name)).toStrictEqual([
      "audio/open-held-clip.ts",
      "distributed/ranks.ts",
      "evaluate/open-clips.ts",
      "threads/thread-failure.ts",
    ]);
  });
});

describe("a failure is data", () => {
  test("that a program reads, and a sentence without flags", () => {
    const failure = new UserError("cell-malformed", { path: "a.csv", line: 3, column: "fold" }, 'fold is "x"');
    expect(failure).toMatchObject({ code: "cell-malformed", facts: { path: "a.csv", line: 3, column: "fold" } });
    expect(failure.message).toBe('a.csv:3: fold is "x"');
  });

  test("to which the command line adds what it calls the options", () => {
    const refused = new UserError("option-needs-data", { option: "evalData" }, "is about clips of your own");
    expect(refused.message).toBe("evalData is about clips of your own");
    expect(describeFailure(refused)).toBe("--eval-data is about clips of your own; name them with --data PATH");
  });

  test("also where several are at fault", () => {
    const facts = {
      run: "r",
      options: ["learningRate", "batch"],
      conflicts: ["is 1 there, not 2", "is 3 there, not 4"],
    };
    const changed = new UserError("options-changed", facts, "r goes on as it was started: ...");
    expect(describeFailure(changed)).toBe(
      "r goes on as it was started: --lr is 1 there, not 2; --batch is 3 there, not 4; leave the options out, or name another folder with --out",
    );
  });
});

const commandLine =
  /(^|\s)--[a-z]|\bruntime (train|infer|eval|cv|inspect|report|export|stats|devices|sounds|listen|serve)\b/;

const spoken = (text: string): readonly string[] => literalsOf(text).filter((literal) => commandLine.test(literal));

/** Docker's, nvidia-smi's, vulkaninfo's and those of onnxruntime-node's installer; those of a project that is begun; and CSS's properties. */
const ofOthers = [
  "devices/assess-cuda.ts",
  "devices/assess-webgpu.ts",
  "devices/probe-cuda.ts",
  "init/project-files.ts",
  "page/hear/score-table.ts",
  "page/hear/timeline.ts",
  "report/html/style.ts",
];

describe("flags and commands", () => {
  test("are named in commands/ alone", () => {
    const elsewhere = sources.filter(
      ({ name }) => !name.startsWith("commands/") && !["cli.ts", "specgraph.ts"].includes(name),
    );
    const speaking = elsewhere.filter(({ text }) => spoken(text).length > 0).map(({ name }) => name);
    expect(speaking.toSorted()).toStrictEqual(ofOthers);
  });

  test("are found wherever a text has them, and not in comments", () => {
    const text =
      "/** See --batch. */ const a = `x ${1} --lr ${2} of runtime train`; const b = '--out'; const c = \"a--b\";";
    expect(spoken(text)).toStrictEqual([" --lr ", " of runtime train", "--out"]);
  });
});

test("what messages say to type begins with the name that the program was called by", () => {
  const commands = sources.flatMap(({ name }) => /^commands\/([a-z]+)-command\.ts$/.exec(name)?.[1] ?? []);
  const written = new RegExp(`\\b(runtime|specgraph) (compile|${commands.join("|")})\\b`);
  // The help replaces the name in examples; a new project has the package's own; pages of codes are documents.
  const isOwn = (name: string): boolean => /^(diagnostics\/codes|init)\/|^commands\/init-command/.test(name);
  const found = [...sources, ...sourcesOf("compiler")]
    .filter(({ name }) => !isOwn(name))
    .flatMap(({ name, text }) =>
      literalsOf(text.replace(/^ {2}examples: \[.*?\],$/ms, ""))
        .filter((literal) => written.test(literal))
        .map((literal) => `${name}: ${literal}`),
    );
  expect(commands).toContain("train");
  expect(found).toStrictEqual([]);
});
