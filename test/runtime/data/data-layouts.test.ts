/** Data sets as people have them: what is read of each, and what is said. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type DatasetOptions, readDataset } from "../../../runtime/data/sources/read-dataset.ts";
import { describeFailure } from "../../../runtime/commands/describe-failure.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const graph = { classes: ["cat", "dog"], objective: "multi-label" } as const;

interface Read {
  /** Such as `cat/1.wav: cat, for test`. */
  readonly clips: readonly string[];
  readonly notes: readonly string[];
}

const readIn = async (folder: string, path = "", options: Partial<DatasetOptions> = graph): Promise<Read> => {
  const { classes, clips, notes } = await readDataset({ data: join(folder, path), ...options });
  const short = (text: string): string => text.replaceAll(`${folder}/`, "").replaceAll(folder, ".");
  return {
    clips: clips.map(({ name, classIndices, split, fold }) => {
      const labels = classIndices.map((index) => classes[index]).join(" and ");
      return `${short(name)}: ${labels}${split ? `, for ${split}` : ""}${fold === undefined ? "" : `, fold ${fold}`}`;
    }),
    notes: notes.map(short),
  };
};

const refusalIn = async (folder: string, path = "", options: Partial<DatasetOptions> = graph): Promise<string> => {
  const error: unknown = await readIn(folder, path, options).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UserError);
  return describeFailure(error as UserError)
    .replaceAll(`${folder}/`, "")
    .replaceAll(folder, ".");
};

/** Empty files: nothing is decoded yet. */
const empty = (...paths: readonly string[]): Record<string, string> =>
  Object.fromEntries(paths.map((path) => [path, ""]));

const classFolders = empty("cat/1.wav", "dog/1.wav");
const classClips = ["cat/1.wav: cat", "dog/1.wav: dog"];

describe("folders of parts", () => {
  test("in any case, and as a set", async () => {
    const folder = temporaryFolder(empty("TRAIN/cat/1.wav", "Validation/dog/2.wav", "test_set/cat/3.wav"));
    expect(await readIn(folder)).toStrictEqual({
      clips: [
        "TRAIN/cat/1.wav: cat, for train",
        "Validation/dog/2.wav: dog, for validation",
        "test_set/cat/3.wav: cat, for test",
      ],
      notes: [],
    });
  });

  test.each([
    [
      "unlabeled clips beside classes",
      empty("unlabelled/1.wav", "unlabelled/2.wav"),
      "unlabelled: 2 clips are of no class, and left out",
    ],
    [
      "noise to cut",
      empty("_background_noise_/1.wav"),
      "_background_noise_: 1 clip is of no class, and left out; cut into clips, in a folder _background, they train as none of the classes",
    ],
    ["an empty class", empty("fish/notes.md"), "fish: holds no clips, and is left out"],
    ["a clip outside", empty("1.wav"), ".: 1 clip is in no class's folder, and left out: 1.wav"],
    ["a list", empty("list.csv"), ".: its folders are read, not list.csv beside them; to read it, name list.csv"],
    [
      "files of other kinds",
      empty("cat/1.txt", "cat/2.txt", "dog/take1"),
      ".: files in folders of classes that are no clips by their names are left out: 2 .txt, 1 without an extension",
    ],
  ])("%s: left out, and told", async (_, files, note) => {
    const { clips, notes } = await readIn(temporaryFolder({ ...classFolders, ...files }));
    expect(clips).toStrictEqual(classClips);
    expect(notes[0]).toBe(note);
  });

  test("what systems leave behind is not read", async () => {
    const junk = empty(
      "__MACOSX/cat/._1.wav",
      ".git/1.wav",
      "cat/.DS_Store",
      "cat/._1.wav",
      "cat/Thumbs.db",
      "dog/desktop.ini",
      "@eaDir/1.wav",
    );
    const folder = temporaryFolder({ ...classFolders, ...junk });
    expect(await readIn(folder)).toStrictEqual({ clips: classClips, notes: [] });
  });

  test("formats that only other programs read are clips too", async () => {
    const { clips } = await readIn(temporaryFolder(empty("cat/1.m4a", "dog/1.AIFF")));
    expect(clips).toStrictEqual(["cat/1.m4a: cat", "dog/1.AIFF: dog"]);
  });

  test("clips without classes: those for training are divided as if there were no parts", async () => {
    const folder = temporaryFolder(empty("train/cat/1.wav", "train/dog/1.wav", "test/1.wav"));
    expect(await readIn(folder)).toStrictEqual({
      clips: ["train/cat/1.wav: cat", "train/dog/1.wav: dog"],
      notes: ["test: 1 clip is in no class's folder, and left out: 1.wav"],
    });
  });

  test("a class of a part's name is one where the graph has it, or where no graph is asked", async () => {
    const folder = temporaryFolder({ ...classFolders, "Train/1.wav": "" });
    const classes = ["cat", "dog", "Train"];
    expect((await readIn(folder, "", { classes })).clips).toContain("Train/1.wav: Train");
    expect(await readIn(folder, "", {})).toMatchObject({ notes: [".: Train is taken for a class, as cat, dog"] });
  });

  test.each([
    [
      "a part among classes",
      { ...classFolders, ...empty("test/cat/1.wav") },
      ".: test names a part of the data, and cat, dog beside it do not; expected folders of classes in folders of parts, such as train/cat, or a CSV that lists the clips",
    ],
    [
      "parts without classes",
      empty("train/1.wav", "test/1.wav"),
      ".: test, train name parts of the data, without folders of classes; expected test/CLASS, or a CSV that lists the clips",
    ],
    [
      "folds",
      empty("fold1/1.wav", "fold2/1.wav"),
      ".: fold1, fold2 are folds, which do not tell the classes; expected UrbanSound8K's metadata/UrbanSound8K.csv beside audio/, or a CSV with the columns path, label and fold",
    ],
  ])("%s", async (_, files, message) => {
    expect(await refusalIn(temporaryFolder(files))).toBe(message);
  });

  test("folders around it, as archives have them", async () => {
    const folder = temporaryFolder({ ...empty("a/b/cat/1.wav", "a/b/dog/1.wav"), "README.md": "" });
    const { clips, notes } = await readIn(folder);
    expect(clips).toStrictEqual(["a/b/cat/1.wav: cat", "a/b/dog/1.wav: dog"]);
    expect(notes).toStrictEqual(["a/b: is read, the only folder in ."]);
  });

  test("parts in each class's folder", async () => {
    const files = empty("cat/train/1.wav", "cat/Test/2.wav", "dog/train/1.wav", "dog/unlabeled/3.wav");
    expect(await readIn(temporaryFolder(files))).toStrictEqual({
      clips: ["cat/Test/2.wav: cat, for test", "cat/train/1.wav: cat, for train", "dog/train/1.wav: dog, for train"],
      notes: ["dog/unlabeled: 1 clip is of no class, and left out"],
    });
    expect(await readIn(temporaryFolder(empty("cat/train/1.wav", "cat/test/2.wav", "dog/1.wav")))).toStrictEqual({
      clips: ["cat/test/2.wav: cat", "cat/train/1.wav: cat", "dog/1.wav: dog"],
      notes: ["cat: test, train in it are not taken for parts, as other classes have none"],
    });
  });

  test("a table within folders around it, and a folder around itself", async () => {
    const folder = temporaryFolder({
      "a/b/data/1.wav": "",
      "a/b/metadata.csv": "file_name,label\ndata/1.wav,cat\n",
    });
    expect((await readIn(folder)).clips).toStrictEqual(["a/b/data/1.wav: cat"]);
    const around = temporaryFolder();
    symlinkSync(".", join(around, "l"), "dir");
    expect(await refusalIn(around)).toBe("l: this link leads to a folder that it is in; delete it");
  });

  test("labels without the spaces around them, and in one form of their accents", async () => {
    const folder = temporaryFolder(empty("cat /1.wav", "ge\u0301ko/1.wav"));
    const { clips } = await readIn(folder, "", { classes: ["cat", "g\u00e9ko"] });
    expect(clips.map((line) => line.split(": ")[1])).toStrictEqual(["cat", "g\u00e9ko"]);
  });
});

describe("links", () => {
  test("that lead across classes: a clip of both, or an error", async () => {
    const folder = temporaryFolder(classFolders);
    symlinkSync("../cat", join(folder, "dog", "also"), "dir");
    expect((await readIn(folder)).clips).toStrictEqual(["cat/1.wav: cat and dog", "dog/1.wav: dog"]);
    expect(await refusalIn(folder, "", { ...graph, objective: "single-label" })).toBe(
      'dog: dog/also/1.wav is "dog", and by cat "cat"; the graph\'s objective is singleLabel, expected one label',
    );
  });

  test("that lead in circles", async () => {
    const folder = temporaryFolder(classFolders);
    symlinkSync("../cat", join(folder, "dog", "l"), "dir");
    symlinkSync("../dog", join(folder, "cat", "l"), "dir");
    expect(await refusalIn(folder)).toBe("cat/l/l: this link leads to a folder that it is in; delete it");
  });

  test("that lead from one part into another", async () => {
    const folder = temporaryFolder(empty("train/cat/1.wav", "train/dog/1.wav", "test/cat/2.wav"));
    symlinkSync(join("..", "..", "train", "cat", "1.wav"), join(folder, "test", "cat", "other.wav"));
    expect(await refusalIn(folder)).toBe(
      "train/cat: train/cat/1.wav is for training, and by test/cat for test; a clip that is trained on tells nothing about others",
    );
  });

  test("that lead to one folder many times over", async () => {
    const folder = temporaryFolder({ ...classFolders, "dog/d20/2.wav": "" });
    for (let depth = 19; depth >= 0; depth--) {
      mkdirSync(join(folder, "dog", `d${depth}`));
      for (const name of ["a", "b"]) symlinkSync(join("..", `d${depth + 1}`), join(folder, "dog", `d${depth}`, name));
    }
    expect((await readIn(folder)).clips).toHaveLength(3);
  });

  test("to a clip of the same class", async () => {
    const folder = temporaryFolder(classFolders);
    symlinkSync("1.wav", join(folder, "cat", "2.wav"));
    expect(await readIn(folder)).toStrictEqual({
      clips: classClips,
      notes: ["cat: a clip is listed again with the same label, and taken once, such as cat/2.wav"],
    });
  });
});

// Systems that store names as UTF-16 have none such.
describe.skipIf(process.platform !== "linux")("names that are not UTF-8", () => {
  const withLatin1 = (): string => {
    const folder = temporaryFolder(classFolders);
    renameSync(join(folder, "cat", "1.wav"), Buffer.from(join(folder, "cat", "h\u00e9.wav"), "latin1"));
    return folder;
  };

  test("in folders are told, byte by byte", async () => {
    expect(await refusalIn(withLatin1())).toBe(
      "cat/h\\xe9.wav: a name that is not UTF-8; rename it (convmv renames whole folders)",
    );
  });

  test("in a list", async () => {
    const folder = withLatin1();
    writeFileSync(join(folder, "list.csv"), "path,label\ncat/h\u00e9.wav,cat\n");
    expect(await refusalIn(folder, "list.csv")).toBe(
      "list.csv:2: there is no file cat/h\u00e9.wav (but h\\xe9.wav); 1 of 1 clips is missing",
    );
  });
});

describe("tables", () => {
  const rows = ["cat/1.wav,cat", "dog/1.wav,dog"];
  const csv = (...lines: readonly string[]): string => ["path,label", ...lines].join("\n");

  test.each([
    ["other names of columns", "File_Name,CLASS\ncat/1.wav,cat\ndog/1.wav,dog\n"],
    ["semicolons", "path;label\ncat/1.wav;cat\ndog/1.wav;dog\n"],
    ["tabs", "path\tlabel\ncat/1.wav\tcat\ndog/1.wav\tdog\n"],
    [
      "quotes of a sentence between tabs",
      'path\tsentence\tlabel\ncat/1.wav\t"Hello," she said.\tcat\ndog/1.wav\tHi, "there\t"dog"\n',
    ],
    ["lists as pandas writes them", 'path,labels\ncat/1.wav,[\'cat\']\ndog/1.wav,"[""dog""]"\n'],
    ["the columns of BirdCLEF", "primary_label,filename\ncat,cat/1.wav\ndog,dog/1.wav\n"],
    ["the columns of TAU Urban Acoustic Scenes", "filename\tscene_label\ncat/1.wav\tcat\ndog/1.wav\tdog\n"],
    ["an index", ",path,label\n0,cat/1.wav,cat\n1,dog/1.wav,dog\n"],
    ["empty rows at the end", `${csv(...rows)}\n,\n,\n\n`],
    ["an empty split", "path,label,split\ncat/1.wav,cat,\ndog/1.wav,dog,\n"],
    ["backslashes", csv("cat\\1.wav,cat", ".\\dog\\1.wav,dog")],
    ["no extensions", csv("cat/1,cat", "dog/1,dog")],
    ["old Macintosh's lines", csv(...rows).replaceAll("\n", "\r")],
    ["UTF-16", Buffer.from(`\uFEFF${csv(...rows)}`, "utf16le")],
  ])("with %s", async (_, content) => {
    const folder = temporaryFolder({ ...classFolders, "list.csv": content });
    expect(await readIn(folder, "list.csv")).toStrictEqual({ clips: classClips, notes: [] });
  });

  test("several labels as pandas writes them, and a label in brackets", async () => {
    const folder = temporaryFolder({
      ...classFolders,
      "list.csv": `path,tags\ncat/1.wav,"['cat', ""dog's""]"\ndog/1.wav,[dog]\n`,
    });
    expect((await readIn(folder, "list.csv", {})).clips).toStrictEqual([
      "cat/1.wav: cat and dog's",
      "dog/1.wav: [dog]",
    ]);
  });

  test.each([
    ["FSDKaggle2018", "train.csv", "audio_train/1.wav"],
    ["FSDnoisy18k", "FSDnoisy18k.meta/train.csv", "FSDnoisy18k.audio_train/1.wav"],
    ["BirdCLEF", "train_metadata.csv", "train_audio/1.wav"],
    ["Common Voice", "train.tsv", "clips/1.wav"],
  ])("of clips where %s has them", async (_, table, clip) => {
    const folder = temporaryFolder({ [clip]: "", [table]: "filename,label\n1.wav,cat\n" });
    expect((await readIn(folder, table)).clips).toStrictEqual([`${clip}: cat`]);
  });

  test("JSON Lines", async () => {
    const lines = ['{"file_name": "cat/1.wav", "label": "cat"}', '{"file_name": "dog/1.wav", "label": ["dog", "cat"]}'];
    const folder = temporaryFolder({ ...classFolders, "list.jsonl": lines.join("\n"), "bad.jsonl": "{}\n{" });
    expect((await readIn(folder, "list.jsonl")).clips).toStrictEqual(["cat/1.wav: cat", "dog/1.wav: dog and cat"]);
    expect(await refusalIn(folder, "bad.jsonl")).toBe("bad.jsonl:2: expected one JSON object");
    writeFileSync(join(folder, "list.json"), lines.join("\n"));
    expect(await refusalIn(folder, "list.json")).toBe(
      "list.json: it holds one JSON object per line; give it a name that ends in .jsonl",
    );
    writeFileSync(join(folder, "other.json"), '{"audio": []}');
    expect(await refusalIn(folder, "other.json")).toBe("other.json:1: data is missing");
  });

  test("names in another case, or in another form of their accents", async () => {
    const folder = temporaryFolder({
      ...empty("Cat/1.WAV", "dog/e\u0301.wav"),
      "list.csv": csv("cat/1.wav,cat", "dog/\u00e9.wav,dog"),
    });
    expect(await readIn(folder, "list.csv")).toStrictEqual({
      clips: ["Cat/1.WAV: cat", "dog/e\u0301.wav: dog"],
      notes: [
        "list.csv:2: there is no cat/1.wav, and Cat/1.WAV is taken for it; the names of 1 of 2 clips differ in the case of letters",
      ],
    });
  });

  test("one row per label: a clip of all of them, or an error that names both lines", async () => {
    const folder = temporaryFolder({ ...classFolders, "list.csv": csv(...rows, "cat/1.wav,dog") });
    expect((await readIn(folder, "list.csv")).clips).toStrictEqual(["cat/1.wav: cat and dog", "dog/1.wav: dog"]);
    expect(await refusalIn(folder, "list.csv", { ...graph, objective: "single-label" })).toBe(
      'list.csv:4: cat/1.wav is "dog", and by list.csv:2 "cat"; the graph\'s objective is singleLabel, expected one label',
    );
  });

  test("a clip twice", async () => {
    const folder = temporaryFolder({ ...classFolders, "list.csv": csv(...rows, "./cat/1.wav,cat", "dog/1.wav,dog") });
    expect(await readIn(folder, "list.csv")).toStrictEqual({
      clips: classClips,
      notes: ["list.csv:4: 2 clips are listed again with the same label, and taken once, such as cat/1.wav"],
    });
  });

  test("a clip on both sides", async () => {
    const head = "path,label,split";
    const folder = temporaryFolder({
      ...classFolders,
      "list.csv": [head, "cat/1.wav,cat,Train", "dog/1.wav,dog,train", "cat/1.wav,cat,Test"].join("\n"),
    });
    expect(await refusalIn(folder, "list.csv")).toBe(
      "list.csv:4: cat/1.wav is for test, and by list.csv:2 for training; a clip that is trained on tells nothing about others",
    );
  });

  test("several labels in a cell, separated by what the graph's classes are not", async () => {
    const classes = ["cat", "dog", "speech, music"];
    const labels = ["cat;dog", '"cat,dog"', "dog|cat", '"speech, music"', '"speech, music;cat"'];
    const files = empty(...labels.map((_, index) => `${index}.wav`));
    const folder = temporaryFolder({
      ...files,
      "list.csv": csv(...labels.map((label, index) => `${index}.wav,${label}`)),
    });
    expect((await readIn(folder, "list.csv", { classes })).clips.map((line) => line.split(": ")[1])).toStrictEqual([
      "cat and dog",
      "cat and dog",
      "dog and cat",
      "speech, music",
      "speech, music and cat",
    ]);
    const { classes: found } = await readDataset({ data: join(folder, "list.csv") });
    expect(found).toStrictEqual(["cat", "dog", "dog|cat", "speech, music"]);
  });

  test("folds of one's own, and a split beside them", async () => {
    const table = (...splits: readonly [string, string]): string =>
      ["path,label,fold,split", `cat/1.wav,cat,1.0,${splits[0]}`, `dog/1.wav,dog,2,${splits[1]}`].join("\n");
    const folder = temporaryFolder({
      ...classFolders,
      "folds.csv": table("train", "train"),
      "both.csv": table("test", "train"),
    });
    const folded = ["cat/1.wav: cat, for train, fold 1", "dog/1.wav: dog, for test, fold 2"];
    expect((await readIn(folder, "folds.csv", { ...graph, fold: 2 })).clips).toStrictEqual(folded);
    expect((await readIn(folder, "both.csv", { ...graph, fold: 2 })).clips).toStrictEqual(folded);
    expect((await readIn(folder, "both.csv")).clips[1]).toBe("dog/1.wav: dog, for train, fold 2");
    expect((await readIn(folder, "folds.csv")).clips[1]).toBe("dog/1.wav: dog, for train, fold 2");
  });

  test("parts by the folders of their clips", async () => {
    const files = empty("Train/1.wav", "Test/2.wav");
    const folder = temporaryFolder({ ...files, "list.csv": csv("Train/1.wav,cat", "Test/2.wav,dog") });
    expect(await readIn(folder, "list.csv")).toStrictEqual({
      clips: ["Train/1.wav: cat, for train", "Test/2.wav: dog, for test"],
      notes: ["list.csv: what clips are for is taken from the first folder of their paths"],
    });
  });

  test("parts of files, which are not read", async () => {
    const table = "path,label,start,end\ncat/1.wav,cat,0,1\ncat/1.wav,dog,1,2\n";
    expect(await readIn(temporaryFolder({ ...classFolders, "list.csv": table }), "list.csv")).toStrictEqual({
      clips: ["cat/1.wav: cat and dog"],
      notes: ["list.csv: a clip is a whole file; start, end are not read"],
    });
  });

  test.skipIf(process.platform === "win32")("that are no files", async () => {
    const folder = temporaryFolder();
    symlinkSync("/dev/zero", join(folder, "list.csv"));
    expect(await refusalIn(folder, "list.csv")).toBe("list.csv: this is a pipe, a socket or a device; expected a file");
  });

  test("unlabeled rows", async () => {
    const table = "path,label,split\ncat/1.wav,cat,train\ndog/1.wav,,unlabeled\n";
    expect(await readIn(temporaryFolder({ ...classFolders, "list.csv": table }), "list.csv")).toStrictEqual({
      clips: ["cat/1.wav: cat"],
      notes: ["list.csv: 1 unlabeled clip is left out"],
    });
  });

  test("a path of Windows elsewhere", async () => {
    const folder = temporaryFolder({ ...classFolders, "list.csv": csv("C:\\data\\1.wav,cat") });
    expect(await refusalIn(folder, "list.csv")).toBe(
      "list.csv:2: C:\\data\\1.wav is a path of another system; expected one that is relative to the list; 1 of 1 clips is missing",
    );
  });
});

describe("known data sets", () => {
  test("UrbanSound8K", async () => {
    const table =
      "slice_file_name,fsID,start,end,salience,fold,classID,class\n" +
      "7-0-0-0.wav,7,0.0,1.0,1,1,3,dog\n8-0-0-0.wav,8,0.0,1.0,1,10,0,cat\n";
    const folder = temporaryFolder({
      ...empty("audio/fold1/7-0-0-0.wav", "audio/fold10/8-0-0-0.wav"),
      "metadata/UrbanSound8K.csv": table,
    });
    const expected = {
      clips: ["audio/fold1/7-0-0-0.wav: dog, for train, fold 1", "audio/fold10/8-0-0-0.wav: cat, for test, fold 10"],
      notes: [],
    };
    const options = { ...graph, fold: 10 };
    expect(await readIn(folder, "", options)).toStrictEqual(expected);
    expect(await readIn(folder, "metadata/UrbanSound8K.csv", options)).toStrictEqual(expected);
  });

  test("Speech Commands", async () => {
    const folder = temporaryFolder({
      ...empty("cat/1.wav", "cat/2.wav", "dog/1.wav", "dog/2.wav", "_background_noise_/1.wav"),
      "validation_list.txt": "cat/2.wav\r\n",
      "testing_list.txt": "dog/2.wav\n",
    });
    expect(await readIn(folder)).toStrictEqual({
      clips: [
        "cat/1.wav: cat, for train",
        "cat/2.wav: cat, for validation",
        "dog/1.wav: dog, for train",
        "dog/2.wav: dog, for test",
      ],
      notes: [
        "_background_noise_: 1 clip is of no class, and left out; cut into clips, in a folder _background, they train as none of the classes",
        ".: divided as validation_list.txt and testing_list.txt there say",
      ],
    });
  });

  test("FSD50K", async () => {
    const folder = temporaryFolder({
      ...empty("FSD50K.dev_audio/64760.wav", "FSD50K.dev_audio/16399.wav", "FSD50K.eval_audio/37199.wav"),
      "FSD50K.ground_truth/dev.csv": 'fname,labels,mids,split\n64760,"cat,dog","/m/1,/m/2",train\n16399,cat,/m/1,val\n',
      "FSD50K.ground_truth/eval.csv": "fname,labels,mids\n37199,dog,/m/2\n",
      "FSD50K.ground_truth/vocabulary.csv": "0,cat,/m/1\n",
    });
    const development = [
      "FSD50K.dev_audio/64760.wav: cat and dog, for train",
      "FSD50K.dev_audio/16399.wav: cat, for validation",
    ];
    expect(await readIn(folder)).toStrictEqual({
      clips: [...development, "FSD50K.eval_audio/37199.wav: dog, for test"],
      notes: [],
    });
    expect((await readIn(folder, "FSD50K.ground_truth/dev.csv")).clips).toStrictEqual(development);
    const identifiers = { classes: ["/m/1", "/m/2"] };
    expect((await readIn(folder, "FSD50K.ground_truth/eval.csv", identifiers)).clips).toStrictEqual([
      "FSD50K.eval_audio/37199.wav: /m/2",
    ]);
  });

  test.each([
    ["CSV", "metadata.csv", (name: string, label: string) => `file_name,label\n${name},${label}\n`],
    ["JSON Lines", "metadata.jsonl", (file_name: string, label: string) => JSON.stringify({ file_name, label })],
  ])("AudioFolder, a table in each part: %s", async (_, name, table) => {
    const folder = temporaryFolder({
      ...empty("train/a.wav", "test/data/b.wav"),
      [`train/${name}`]: table("a.wav", "cat"),
      [`test/${name}`]: table("data/b.wav", "dog"),
    });
    const clips = ["test/data/b.wav: dog, for test", "train/a.wav: cat, for train"];
    expect(await readIn(folder)).toStrictEqual({ clips, notes: [] });
    expect((await readIn(folder, `train/${name}`)).clips).toStrictEqual(["train/a.wav: cat"]);
  });

  test("AudioFolder, one table", async () => {
    const table = "file_name,label\ndata/a.wav,cat\ndata/b.wav,dog\n";
    const folder = temporaryFolder({ ...empty("data/a.wav", "data/b.wav"), "metadata.csv": table });
    expect((await readIn(folder)).clips).toStrictEqual(["data/a.wav: cat", "data/b.wav: dog"]);
  });

  test("a table for each part", async () => {
    const folder = temporaryFolder({
      ...classFolders,
      "train.csv": "path,label\ncat/1.wav,cat\n",
      "val.csv": "path,label\ndog/1.wav,dog\n",
      "test.csv": "id,path\n1,x.wav\n",
    });
    expect(await readIn(folder)).toStrictEqual({
      clips: ["cat/1.wav: cat, for train", "dog/1.wav: dog, for validation"],
      notes: ["test.csv: has no columns of clips and their labels, and is left out: id, path"],
    });
  });

  test("clips of a table in audio/ beside it, or in the folder above", async () => {
    const table = "path,label\n1.wav,cat\n2.wav,dog\n";
    const folder = temporaryFolder({
      ...empty("audio/1.wav", "audio/2.wav"),
      "list.csv": table,
      "audio/meta/l.csv": table,
    });
    const clips = ["audio/1.wav: cat", "audio/2.wav: dog"];
    expect((await readIn(folder, "list.csv")).clips).toStrictEqual(clips);
    expect((await readIn(folder, "audio/meta/l.csv")).clips).toStrictEqual(clips);
  });
});

test("labels that look the same are told where no graph says which is meant", async () => {
  const { notes } = await readIn(
    temporaryFolder(empty("Dog/1.wav", "dog/1.wav", "sea waves/1.wav", "sea_waves/1.wav")),
    "",
    {},
  );
  expect(notes).toStrictEqual([
    '.: "Dog" and "dog" are taken for two classes',
    '.: "sea waves" and "sea_waves" are taken for two classes',
  ]);
});

describe("background", () => {
  const single = { classes: ["cat", "dog"], objective: "single-label" } as const;

  test.each(["background", "_background", "Background", "_BACKGROUND"])("a folder %s is of no class", async (name) => {
    const folder = temporaryFolder({ ...classFolders, ...empty(`${name}/1.wav`, `${name}/street/2.wav`) });
    for (const options of [graph, single]) {
      const { clips, notes } = await readIn(folder, "", options);
      expect(clips.filter((clip) => clip.endsWith(": "))).toStrictEqual([`${name}/1.wav: `, `${name}/street/2.wav: `]);
      expect(notes).toStrictEqual([".: 2 clips are background, of none of the classes"]);
    }
  });

  test("within parts", async () => {
    const folder = temporaryFolder(empty("train/cat/1.wav", "train/_background/2.wav", "test/dog/3.wav"));
    expect((await readIn(folder)).clips).toContain("train/_background/2.wav: , for train");
  });

  test("a label of a table", async () => {
    const table = { "list.csv": "path,label\n1.wav,cat\n2.wav,background\n", ...empty("1.wav", "2.wav") };
    expect(await readIn(temporaryFolder(table), "list.csv", single)).toStrictEqual({
      clips: ["1.wav: cat", "2.wav: "],
      notes: ["list.csv: 1 clip is background, of none of the classes"],
    });
  });

  test("a class of that name is a class", async () => {
    const folder = temporaryFolder({ ...classFolders, ...empty("background/1.wav") });
    const { clips, notes } = await readIn(folder, "", { classes: ["cat", "dog", "background"] });
    expect(clips).toContain("background/1.wav: background");
    expect(notes).toStrictEqual([]);
    expect(await refusalIn(folder, "", { classes: ["cat", "dog", "Background"] })).toBe(
      'background: the label "background" is not one of the graph\'s 3 classes; did you mean "Background"?',
    );
  });

  test("it is none of the data's own classes", async () => {
    const folder = temporaryFolder({ ...classFolders, ...empty("_background/1.wav") });
    expect((await readDataset({ data: folder })).classes).toStrictEqual(["cat", "dog"]);
  });

  test.each([
    ["1.wav,background;cat\n", 'list.csv:2: the clip is background and "cat"; background is of none of the classes'],
    [
      "1.wav,cat\n1.wav,background\n",
      'list.csv:3: 1.wav is background, and by list.csv:2 "cat"; background is of none of the classes',
    ],
  ])("and a class at once: %j", async (rows, message) => {
    const folder = temporaryFolder({ "list.csv": `path,label\n${rows}`, ...empty("1.wav") });
    expect(await refusalIn(folder, "list.csv")).toBe(message);
  });

  test("beside one class of which softmax makes all", async () => {
    const folder = temporaryFolder(empty("cat/1.wav", "background/1.wav"));
    expect(await refusalIn(folder, "", { classes: ["cat"], objective: "single-label" })).toBe(
      "background: the clip is background, which a softmax of one class cannot tell from it; expected the objective multiLabel",
    );
    expect((await readIn(folder, "", { classes: ["cat"], objective: "multi-label" })).clips).toHaveLength(2);
  });
});
