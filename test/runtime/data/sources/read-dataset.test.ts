import { symlinkSync } from "node:fs";
import { saying } from "../../saying.ts";
import { join, normalize, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { type DatasetOptions, readDataset } from "../../../../runtime/data/sources/read-dataset.ts";
import { describeFailure } from "../../../../runtime/commands/describe-failure.ts";
import { UserError } from "../../../../runtime/user-error.ts";
import { temporaryFolder } from "../../audio/temporary-folder.ts";

const classes = ["cat", "dog", "rain"];

type Files = Readonly<Record<string, string>>;
type Options = Partial<DatasetOptions>;

/** The data set at a path within a folder of these files; clips are empty files, as nothing is decoded yet. */
const read = async (files: Files, path: string, options: Options = {}) => {
  const folder = temporaryFolder(files);
  const { clips, ...dataset } = await readDataset({ classes, data: join(folder, path), ...options });
  const short = clips.map(({ name, classIndices, split }) => [name.replace(`${folder}/`, ""), classIndices, split]);
  return { ...dataset, clips: short };
};

/** The refusal's message, without the folder's name. */
const refusal = async (files: Files, path: string, options: Options = {}): Promise<string> => {
  const folder = temporaryFolder(files);
  const labels = options.labels && { labels: join(folder, options.labels) };
  const reading = readDataset({ classes, data: join(folder, path), ...options, ...labels });
  const error: unknown = await reading.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UserError);
  return describeFailure(error as UserError)
    .replaceAll(`${folder}/`, "")
    .replaceAll(folder, ".");
};

test("nothing there, and something that is no data set", async () => {
  expect(await refusal({}, "none")).toBe("none: there is no such file");
  expect(await refusal({ "a.wav": "" }, "a.wav")).toBe(
    "a.wav: expected a folder, or a file ending in .csv, .tsv, .jsonl or .json",
  );
});

describe("a folder per class", () => {
  test("clips at any depth, in a fixed order, and nothing else", async () => {
    const files = {
      "dog/b.WAV": "",
      "dog/a/c.flac": "",
      "dog/notes.txt": "",
      "dog/.hidden.wav": "",
      "cat/a.mp3": "",
      ".git/x.wav": "",
      "README.md": "",
    };
    const dataset = await read(files, "");
    expect(dataset.classes).toEqual(classes);
    expect(dataset.clips).toEqual([
      ["cat/a.mp3", [0], undefined],
      ["dog/b.WAV", [1], undefined],
      ["dog/a/c.flac", [1], undefined],
    ]);
  });

  test("folders of splits", async () => {
    const { clips } = await read({ "train/dog/a.ogg": "", "train/cat/b.ogg": "", "test/dog/c.ogg": "" }, "");
    expect(clips).toEqual([
      ["test/dog/c.ogg", [1], "test"],
      ["train/cat/b.ogg", [0], "train"],
      ["train/dog/a.ogg", [1], "train"],
    ]);
  });

  test("links to folders are folders", async () => {
    const folder = temporaryFolder({ "elsewhere/a.wav": "", "clips/cat/b.wav": "", "clips/rain/c.wav": "" });
    symlinkSync(join("..", "elsewhere"), join(folder, "clips", "dog"), "dir");
    symlinkSync("nowhere", join(folder, "clips", "bird"));
    const { clips } = await readDataset({ classes, data: join(folder, "clips") });
    expect(clips.map(({ name }) => relative(folder, name))).toEqual(
      ["clips/cat/b.wav", "clips/dog/a.wav", "clips/rain/c.wav"].map(normalize),
    );
  });

  test("a link to a folder that it is in", async () => {
    const folder = temporaryFolder({ "dog/a.wav": "", "cat/b.wav": "" });
    const link = join(folder, "dog", "all");
    symlinkSync("..", link, "dir");
    await expect(readDataset({ classes, data: folder })).rejects.toThrow(
      saying(`${link}: this link leads to a folder that it is in; delete it`),
    );
  });

  test.each([
    ["empty", {}, ".: there are no sub-folders; expected one per class, with that class's clips in it"],
    ["no clips", { "dog/a.txt": "", "cat/notes.txt": "" }, ".: there are no clips in its folders"],
    [
      "a mistyped class",
      { "dgo/a.wav": "", "cat/a.wav": "" },
      'dgo: the label "dgo" is not one of the graph\'s 3 classes; did you mean "dog"?',
    ],
    [
      "an unknown class",
      { "submarine/a.wav": "", "cat/a.wav": "" },
      'submarine: the label "submarine" is not one of the graph\'s 3 classes: "cat", "dog", "rain"',
    ],
    [
      "a list beside the clips",
      { "audio/a.wav": "", "list.csv": "" },
      ".: there is one sub-folder, audio; expected one per class, with that class's clips in it, or the list itself: --data list.csv",
    ],
  ])("%s", async (_, files, message) => {
    expect(await refusal(files, "")).toBe(message);
  });
});

describe("a CSV of clips", () => {
  test("text that is not UTF-8", async () => {
    const folder = temporaryFolder({ "list.csv": Buffer.from("path,label\na.wav,h\u00e9ron\n", "latin1") });
    const data = join(folder, "list.csv");
    await expect(readDataset({ classes, data })).rejects.toThrow(
      saying(`${data}:2: its text is not UTF-8; save it as "CSV UTF-8"`),
    );
  });

  test("several labels, for a graph that gives one", async () => {
    const files = { "list.csv": "path,label\na.wav,dog;dog\nb.wav,cat;rain\n", "a.wav": "", "b.wav": "" };
    expect(await refusal(files, "list.csv", { objective: "single-label" })).toBe(
      'list.csv:3: the clip is "cat" and "rain"; the graph\'s objective is singleLabel, expected one label',
    );
    expect((await read(files, "list.csv", { objective: "multi-label" })).clips[1]).toEqual([
      "b.wav",
      [0, 2],
      undefined,
    ]);
  });

  test("labels, splits and paths relative to it", async () => {
    const csv = 'label,path,note,split\n"cat; dog",a.wav,"x,y",train\n\nrain,sub/b.wav,,valid\n';
    const { clips } = await read({ "list.csv": `\uFEFF${csv}`, "a.wav": "", "sub/b.wav": "" }, "list.csv");
    expect(clips).toEqual([
      ["a.wav", [0, 1], "train"],
      ["sub/b.wav", [2], "validation"],
    ]);
  });

  test("without splits", async () => {
    const { clips } = await read({ "list.csv": "path,label\r\na.wav,dog\r\n", "a.wav": "" }, "list.csv");
    expect(clips).toEqual([["a.wav", [1], undefined]]);
  });

  test.each([
    ["no content", "", "list.csv: the file is empty; expected a header and one row per clip"],
    ["no rows", "path,label\n", "list.csv: it has a header and no rows"],
    [
      "another header",
      "file,sound\na.wav,dog\n",
      'list.csv:1: there is no column "label" with what is heard in them; the columns are file, sound',
    ],
    [
      "no header",
      "a.wav,dog\nc.wav,cat\n",
      "list.csv:1: its first line is a clip's; expected a header, such as path,label",
    ],
    ["a column twice", "path,label,label\na.wav,dog,cat\n", 'list.csv:1: there are two columns "label"'],
    ["no text", "p\0a\0t\0h\0", 'list.csv: this is no text; save it as "CSV UTF-8"'],
    ["no fold", "path,label,fold\na.wav,dog,x\n", 'list.csv:2: fold is "x"; expected a whole number'],
    [
      "an address",
      "path,label\nhttps://example.org/a.wav,dog\n",
      "list.csv:2: https://example.org/a.wav is an address; download it, and name the file; 1 of 1 clips is missing",
    ],
    [
      "two files of the stem",
      "path,label\nc,dog\n",
      "list.csv:2: there is no file c (but c.flac and c.wav); 1 of 1 clips is missing",
    ],
    ["a missing cell", "path,label\na.wav\n", "list.csv:2: expected 2 columns as in the header, found 1"],
    ["an open quote", 'path,label\na.wav,"dog\n', "list.csv:2: a quote is opened here and never closed"],
    ["no label", "path,label\na.wav,\n", 'list.csv:2: label is ""; expected some text'],
    [
      "an unknown split",
      "path,label,split\na.wav,dog,tran\n",
      'list.csv:2: split is "tran"; expected one of train, training, val, valid, validation, dev, test, testing, eval, evaluation, unlabeled, unlabelled',
    ],
    [
      "an unknown label",
      "path,label\na.wav,dog\na.wav,dog;cta\n",
      'list.csv:3: the label "cta" is not one of the graph\'s 3 classes; did you mean "cat"?',
    ],
    [
      "missing clips",
      "path,label\na.wav,dog\nb.wav,dog\nc/d.wav,cat\n",
      "list.csv:3: there is no file b.wav; 2 of 3 clips are missing",
    ],
  ])("%s", async (_, csv, message) => {
    const files = { "list.csv": csv, "a.wav": "", "c.wav": "", "c.flac": "" };
    expect(await refusal(files, "list.csv")).toBe(message);
  });

  test("options of other sources", async () => {
    const files = { "list.csv": "path,label\na.wav,dog\n", "a.wav": "" };
    expect(await refusal(files, "list.csv", { fold: 1 })).toBe(
      "--fold chooses one of the folds that data has; list.csv has none",
    );
    expect(await refusal(files, "list.csv", { labels: "x.csv" })).toBe(
      "--labels names the labels of AST's JSON; list.csv is something else",
    );
    await expect(readDataset({ classes: ["dog"], fold: 1 })).rejects.toThrow(
      saying("--fold is about clips of your own; name them with --data PATH"),
    );
  });
});

describe("ESC-50's layout", () => {
  const csv = "filename,fold,target,category\na.wav,1,0,dog\nb.wav,2,5,cat\nc.wav,3,0,dog\n";
  const audio = { "audio/a.wav": "", "audio/b.wav": "", "audio/c.wav": "" };

  test.each([
    { layout: "its folder", csvPath: "meta/esc50.csv", path: "" },
    { layout: "its CSV", csvPath: "meta/esc50.csv", path: "meta/esc50.csv" },
    { layout: "a CSV beside the clips", csvPath: "esc10.csv", path: "esc10.csv" },
  ])("$layout, one fold for evaluation", async ({ csvPath, path }) => {
    const { clips } = await read({ ...audio, [csvPath]: csv }, path, { fold: 2 });
    expect(clips).toEqual([
      ["audio/a.wav", [1], "train"],
      ["audio/b.wav", [0], "test"],
      ["audio/c.wav", [1], "train"],
    ]);
  });

  test("without a choice the first fold is for evaluation", async () => {
    const { clips } = await read({ ...audio, "esc10.csv": csv }, "esc10.csv");
    expect(clips.map(([, , split]) => split)).toEqual(["test", "train", "train"]);
  });

  test("a graph whose classes are numbered takes the targets", async () => {
    const numbered = ["0", "1", "2", "3", "4", "5"];
    const { clips } = await read({ ...audio, "esc10.csv": csv }, "esc10.csv", { classes: numbered });
    expect(clips.map(([, classIndices]) => classIndices)).toEqual([[0], [5], [0]]);
  });

  test("wrong input", async () => {
    const files = { ...audio, "esc10.csv": csv };
    expect(await refusal(files, "esc10.csv", { fold: 9 })).toBe("esc10.csv: there is no fold 9; the folds are 1, 2, 3");
    const badFold = "filename,fold,target,category\na.wav,one,0,dog\n";
    expect(await refusal({ ...audio, "esc10.csv": badFold }, "esc10.csv")).toBe(
      'esc10.csv:2: fold is "one"; expected a whole number',
    );
    expect(await refusal({ "esc10.csv": csv, "audio/a.wav": "" }, "esc10.csv")).toBe(
      "esc10.csv:3: there is no file audio/b.wav; 2 of 3 clips are missing",
    );
  });

  const data = process.env["AST_DATA"] ?? "";
  test.skipIf(data === "")("ESC-10's recordings", async () => {
    const names = "dog,rooster,rain,sea_waves,crackling_fire,crying_baby,sneezing,clock_tick,helicopter,chainsaw";
    const { clips } = await readDataset({ classes: names.split(","), data: join(data, "esc10/esc10.csv"), fold: 4 });
    expect(clips).toHaveLength(320);
    expect(clips.filter(({ split }) => split === "test")).toHaveLength(80);
  });
});

describe("AST's JSON", () => {
  const labels = 'index,mid,display_name\n0,/m/01,dog\n1,/m/02,"cat, small"\n2,/m/03,rain\n';
  const json =
    '{"data": [\n  {"wav": "a.wav", "labels": "/m/01,/m/03"},\n  {"wav": "sub/b.wav", "labels": "/m/02"}\n]}\n';
  const files = { "data.json": json, "labels.csv": labels, "a.wav": "", "sub/b.wav": "" };

  test.each([
    { names: "display names", classes: ["rain", "dog", "cat, small"], expected: [[1, 0], [2]] },
    { names: "identifiers", classes: ["/m/01", "/m/02", "/m/03"], expected: [[0, 2], [1]] },
    { names: "numbers", classes: ["0", "1", "2"], expected: [[0, 2], [1]] },
  ])("a graph whose classes are $names", async ({ classes, expected }) => {
    const folder = temporaryFolder(files);
    const options = { data: join(folder, "data.json"), labels: join(folder, "labels.csv") };
    const { clips } = await readDataset({ classes, ...options });
    expect(clips.map(({ name }) => name)).toEqual([join(folder, "a.wav"), join(folder, "sub/b.wav")]);
    expect(clips.map(({ classIndices }) => classIndices)).toEqual(expected);
  });

  test("no labels file", async () => {
    expect(await refusal(files, "data.json")).toBe(
      "data.json: its labels are identifiers; a CSV with the columns index, mid and display_name names them: --labels class_labels_indices.csv",
    );
    expect(await refusal(files, "data.json", { labels: "none.csv" })).toBe("none.csv: there is no such file");
  });

  const object = 'an object with "wav" and "labels"';
  test.each([
    ["malformed", '{"data": [\n  {"wav": "a.wav",}\n]}', "data.json:2: the JSON is malformed"],
    ["cut off", '{"data": [\n  {"wav": "a.wav"', "data.json:2: the JSON is malformed"],
    ["no object", "3", 'data.json:1: the file should be an object with "data"'],
    ["no data", "{}", "data.json:1: data is missing"],
    ["no list", '{"x": 1,\n"data": 3}', "data.json:2: data should be a list of clips"],
    ["no clips", '{"data": []}', "data.json:1: data should be a list of one clip or more"],
    ["a clip that is none", '{"data": [\n3]}', `data.json:2: data[0] should be ${object}`],
    ["a clip without labels", '{"data": [\n\n{"wav": "a.wav"}]}', "data.json:3: data[0].labels is missing"],
    ["a path that is none", '{"data": [\n{"wav": 3, "labels": ""}]}', "data.json:2: data[0].wav should be a path"],
    [
      "an unknown identifier",
      '{"data": [\n{"wav": "a.wav",\n"labels": "/m/01,/m/99"}]}',
      'data.json:3: labels.csv has no label "/m/99"',
    ],
    [
      "a label that the graph has not",
      '{"data": [\n{"wav": "a.wav",\n"labels": "/m/01,/m/02"}]}',
      'data.json:3: the label "cat, small" is not one of the graph\'s 3 classes: "cat", "dog", "rain"',
    ],
    [
      "a missing clip",
      '{"data": [\n{"wav": "none.wav", "labels": "/m/01"}]}',
      "data.json:2: there is no file none.wav; 1 of 1 clips is missing",
    ],
  ])("%s", async (_, content, message) => {
    expect(await refusal({ ...files, "data.json": content }, "data.json", { labels: "labels.csv" })).toBe(message);
  });

  test("a name given twice in the labels file", async () => {
    const twice = { ...files, "labels.csv": `${labels}3,/m/04,dog\n` };
    expect(await refusal(twice, "data.json", { labels: "labels.csv" })).toBe(
      'labels.csv:5: "dog" stands on line 2 already',
    );
  });
});

describe("without a graph's classes, the labels are the data's", () => {
  test.each([
    { kind: "numbers, by value", labels: ["10", "9", "2", "9"], classes: ["2", "9", "10"] },
    { kind: "names, by their characters", labels: ["rain", "10", "Dog", "9"], classes: ["10", "9", "Dog", "rain"] },
  ])("$kind", async ({ labels, classes }) => {
    const rows = labels.map((label, index) => `${index}.wav,${label}`);
    const files = Object.fromEntries(rows.map((_, index) => [`${index}.wav`, ""]));
    const folder = temporaryFolder({ ...files, "list.csv": ["path,label", ...rows].join("\n") });
    const dataset = await readDataset({ data: join(folder, "list.csv") });
    expect(dataset.classes).toEqual(classes);
    expect(dataset.clips.map(({ classIndices }) => classIndices.map((index) => classes[index]))).toEqual(
      labels.map((label) => [label]),
    );
  });
});
