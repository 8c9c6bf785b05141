/** `infer --list --shard` and `merge`: parts of a long list, computed apart. */
import { copyFileSync, existsSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";
import { describe, expect, onTestFinished, test } from "vitest";
import { describeFailure } from "../../../runtime/commands/describe-failure.ts";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import { mergeCommand } from "../../../runtime/commands/merge-command.ts";
import { readParquetLines, writeParquet } from "../../../runtime/recordings/parquet.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { recordOutput } from "../record-output.ts";

const names = Array.from({ length: 11 }, (_, index) => `clip-${index}.wav`);
const clipOf = (index: number): Uint8Array =>
  index === 5 ? Buffer.from("no sound") : wavBytes(Array.from({ length: 4 + index }, (_, at) => index * 900 + at * 77));

/** A folder to work in, with a model that hears 4 samples and a list of clips, of which one is broken and one is not there. */
const workIn = (): string => {
  const clips = Object.fromEntries(names.map((name, index) => [`sounds/${name}`, clipOf(index)]));
  const rows = [...names.slice(0, 8), "gone.wav", ...names.slice(8), "clip-0.wav"].map((name) => `${name},x`);
  const folder = temporaryFolder({ ...clips, "sounds/clips.csv": `path,label\n${rows.join("\n")}\n` });
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  writeLinearModel(".");
  return folder;
};

const neverAborted = new AbortController().signal;

const infer = async (args: readonly string[], signal = neverAborted) => {
  const { texts, notes, events, output } = recordOutput();
  const code = await inferCommand.run(
    ["graph.onnx", "--list", "sounds/clips.csv", "--batch", "3", "--device", "cpu", ...args],
    output,
    signal,
  );
  return { code, texts, notes, events };
};

const merge = async (...args: readonly string[]) => {
  const { texts, notes, events, output } = recordOutput();
  const code = await mergeCommand.run(args, output, neverAborted);
  return { code, texts, notes, events };
};

const refusal = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "done",
    (error: unknown) => (error instanceof UserError ? describeFailure(error) : error),
  );

const shardsOf = async (ending: string, count: number, args: readonly string[] = []): Promise<readonly string[]> => {
  const parts: string[] = [];
  for (let index = 1; index <= count; index++) {
    const part = `part-${index}.${ending}`;
    expect((await infer(["--shard", `${index}/${count}`, "--out", part, ...args])).code).toBe(0);
    parts.push(part);
  }
  return parts;
};

describe("parts of a list", () => {
  const windows = ["--window", "0.00025", "--hop", "0.000125"];
  test.each([
    ["csv", []],
    ["jsonl", []],
    ["parquet", []],
    ["txt", []],
    ["csv", windows],
    ["jsonl", [...windows, "--threshold", "0.3", "--merge"]],
    ["parquet", windows],
  ])("are, merged, what the whole list is: %s %j", async (ending, args) => {
    workIn();
    const whole = await infer(["--out", `whole.${ending}`, ...args]);
    expect(whole.code).toBe(2);
    const parts = await shardsOf(ending, 3, args);
    const { code, texts, notes } = await merge(...parts.toReversed(), "--out", `all.${ending}`);
    expect(readFileSync(`all.${ending}`).equals(readFileSync(`whole.${ending}`))).toBe(true);
    expect({ code, texts }).toEqual({
      code: 0,
      texts: [`all.${ending}: 12 recordings of 3 parts, of which 2 could not be heard to the end`],
    });
    expect(notes).toHaveLength(2);
    expect(existsSync(`all.${ending}.rows`)).toBe(false);
  });

  test("may be more than there is to compute", async () => {
    workIn();
    await infer(["--out", "whole.csv"]);
    await merge(...(await shardsOf("csv", 9)), "--out", "all.csv");
    expect(readFileSync("all.csv", "utf8")).toBe(readFileSync("whole.csv", "utf8"));
  });

  test("go on where they were stopped, and do nothing when they are done", async () => {
    workIn();
    const shard = ["--shard", "1/2", "--out", "part-1.csv"];
    let asked = 0;
    const soon = new Proxy(neverAborted, {
      get: (target, name) => (name === "aborted" ? (asked += 1) > 2 : Reflect.get(target, name)),
    });
    expect((await infer(shard, soon)).code).toBe(130);
    expect(await refusal(merge("part-1.csv", "--out", "all.csv"))).toMatch(
      /^part-1\.csv: part 1\/2 is not done; give its command again \(\d of 6 recordings are\)$/,
    );
    expect((await infer(shard)).code).toBe(0);
    const again = await infer(shard);
    expect(again.notes).toContain("6 of 6 recordings are done already");
    await infer(["--shard", "2/2", "--out", "part-2.csv"]);
    await infer(["--out", "whole.csv"]);
    await merge("part-2.csv", "part-1.csv", "--out", "all.csv");
    expect(readFileSync("all.csv", "utf8")).toBe(readFileSync("whole.csv", "utf8"));
  });
});

test("a list may be plain text, with a path on each line; clips are called as it has them", async () => {
  workIn();
  writeFileSync("sounds/clips.txt", "clip-1.wav\r\n\r\n./clip-2.wav\n../sounds/clip-3.wav\n");
  const { output, events } = recordOutput();
  await inferCommand.run(
    ["graph.onnx", "--list", "sounds/clips.txt", "--device", "cpu", "--json"],
    output,
    neverAborted,
  );
  const clips = ["clip-1.wav", "clip-2.wav", "clip-3.wav"].map((name) => join("sounds", name));
  expect(events.map(({ clip }) => clip)).toEqual(clips);
});

describe("what is refused", () => {
  test.each([
    [
      ["--shard", "0/8", "--out", "a.csv"],
      '--shard is which part of how many, such as 3/8, the first of which is 1/8, not "0/8"',
    ],
    [
      ["--shard", "9/8", "--out", "a.csv"],
      '--shard is which part of how many, such as 3/8, the first of which is 1/8, not "9/8"',
    ],
    [
      ["--shard", "3", "--out", "a.csv"],
      '--shard is which part of how many, such as 3/8, the first of which is 1/8, not "3"',
    ],
    [["--shard", "1/2"], "--shard needs --out: a file for the part, which runtime merge takes"],
    [["--shard", "1/2", "--out", "parts/"], "--shard needs a file for the part, and --out parts/ is a folder"],
    [
      ["--shard", "1/2", "--out", "a.csv", "--format", "raven"],
      "--shard and --format raven exclude each other: a row of it tells of rows before; use csv, json or parquet",
    ],
    [
      ["--shard", "1/2", "--out", "a.csv", "--explain", "x/"],
      "--shard and --explain exclude each other: parts are files of answers alone",
    ],
    [["sounds/clip-1.wav"], "--list and clips exclude each other: add them to the list"],
  ])("%j", async (args, message) => {
    workIn();
    expect(await refusal(infer(args))).toBe(message);
  });

  test("a shard of no list", async () => {
    workIn();
    const call = inferCommand.run(
      ["graph.onnx", "sounds", "--shard", "1/2", "--out", "a.csv"],
      recordOutput().output,
      neverAborted,
    );
    expect(await refusal(call)).toBe(
      "--shard needs --list: the parts are of a list, which is the same for all of them",
    );
  });

  test("lists without clips, or of what is not there", async () => {
    workIn();
    for (const [text, message] of [
      ["", "sounds/clips.csv: the file is empty; expected a header and one row per clip"],
      ["a.wav,b\nc.wav,d\n", "sounds/clips.csv:1: its first line is a clip's; expected a header, such as path,label"],
      ["label\nx\n", 'sounds/clips.csv:1: there is no column "path" with the clips\' files; the columns are label'],
      ["path,label\n,x\n", 'sounds/clips.csv:2: path is ""; expected a file\'s path'],
    ] as const) {
      writeFileSync("sounds/clips.csv", text);
      expect(await refusal(infer([]))).toBe(message);
    }
    writeFileSync("sounds/clips.csv", "path\nnone.wav\n");
    expect(await refusal(infer([]))).toMatch(
      /^sounds\/clips\.csv:2: there is no file .*none\.wav; 1 of 1 clips is missing$/,
    );
  });

  test("parts that make no whole", async () => {
    workIn();
    const parts = await shardsOf("csv", 3);
    const [one = "", two = "", three = ""] = parts;
    const mergeTo = (...args: readonly string[]) => refusal(merge(...args, "--out", "all.csv"));
    expect(await refusal(merge(one, two, three))).toBe(
      "runtime merge takes the parts, and --out with a file; see runtime merge --help",
    );
    expect(await mergeTo(one, three)).toBe("of 3 parts 1 is missing: 2");
    for (const file of [two, `${two}.job.jsonl`]) copyFileSync(file, file.replace("part-2", "copy"));
    expect(await mergeTo(one, two, "copy.csv", three)).toBe("part-2.csv: this is part 2 of 3, and so is copy.csv");
    expect(await mergeTo(one, "sounds/clips.csv")).toBe(
      "sounds/clips.csv: no part of a job: there is no record of one beside it, which tells of a shard",
    );
    await infer(["--shard", "3/3", "--out", "other.csv", "--top", "1"]);
    expect(await mergeTo(one, two, "other.csv")).toBe(
      "other.csv: this is of another job than part-1.csv: top was 5 and is 1",
    );
    expect(await mergeTo(...(await shardsOf("jsonl", 2)), one)).toMatch(
      /: this is of another job than .*: .*format was/,
    );
    truncateSync(three, 20);
    expect(await mergeTo(...parts)).toBe(
      "part-3.csv: this is not what was written; delete it and its record, and give its command again",
    );
    rmSync(three);
    expect(await mergeTo(...parts)).toMatch(/^part-3\.csv: this is not what was written;/);
    expect(existsSync("all.csv")).toBe(false);
  });

  test("parts of a list whose links are not on every machine", async () => {
    workIn();
    writeFileSync("sounds/clips.csv", "path\nclip-0.wav\nlink.wav\nclip-1.wav\n");
    symlinkSync("clip-0.wav", "sounds/link.wav");
    await infer(["--shard", "1/2", "--out", "part-1.csv"]);
    rmSync("sounds/link.wav");
    await infer(["--shard", "2/2", "--out", "part-2.csv"]);
    expect(await refusal(merge("part-1.csv", "part-2.csv", "--out", "all.csv"))).toBe(
      "part-2.csv: this is of another job than part-1.csv: recordings was 2 and is 3",
    );
  });

  test("a part of Parquet that is none, and a file that is there", async () => {
    workIn();
    const [part = ""] = await shardsOf("parquet", 1);
    writeFileSync("there.parquet", "x");
    expect(await refusal(merge(part, "--out", "there.parquet"))).toBe(
      "there.parquet exists, and nothing is overwritten; name another place",
    );
    writeFileSync(part, "no Parquet at all, but long enough to look like one");
    expect(await refusal(merge(part, "--out", "all.parquet"))).toBe(
      "part-1.parquet: this is not what was written; delete it and its record, and give its command again",
    );
    expect(existsSync("all.parquet.rows")).toBe(false);
  });

  test("a part of Parquet with other rows, recordings or columns", async () => {
    workIn();
    const [one = "", two = ""] = await shardsOf("parquet", 2);
    const kept = readFileSync(two);
    const rows: unknown[] = [];
    for await (const { line } of readParquetLines(two)) rows.push(JSON.parse(line));
    const refuses = async (): Promise<void> => {
      expect(await refusal(merge(one, two, "--out", "all.parquet"))).toBe(
        "part-2.parquet: this is not what was written; delete it and its record, and give its command again",
      );
      expect([existsSync("all.parquet"), existsSync("all.parquet.rows")]).toStrictEqual([false, false]);
    };
    for (const others of [rows.slice(1), rows.toReversed(), [...rows, rows.at(-1)], []]) {
      writeFileSync("rows", others.map((row) => `${JSON.stringify(row)}\n`).join(""));
      await writeParquet("rows", two);
      await refuses();
    }
    copyFileSync(one, two);
    await refuses();
    parquetWriteFile({ filename: two, columnData: [{ name: "clip", data: ["clip-1.wav"], type: "STRING" }] });
    await refuses();
    writeFileSync(two, kept);
    expect((await merge(one, two, "--out", "all.parquet")).code).toBe(0);
  });
});
