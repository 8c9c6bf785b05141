import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { exitCodes } from "../../../runtime/commands/command.ts";
import { initCommand } from "../../../runtime/commands/init-command.ts";
import { chooseModel } from "../../../runtime/init/choose-model.ts";
import { nameProblem } from "../../../runtime/init/name-problem.ts";
import { version } from "../../../compiler/artifact/version.ts";
import { recordOutput } from "../record-output.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";

/** Of so many frames. */
const silence = (frames: number): Buffer => wavBytes(Array.from({ length: 400 + 160 * (frames - 1) }, () => 0));

const clips = {
  "clips/cat/1.wav": silence(24),
  "clips/cat/2.wav": silence(24),
  'clips/a "dog"/1.wav': silence(24),
  'clips/a "dog"/2.wav': silence(24),
};

/** In a folder, which stands in messages as DIR. */
const init = async (folder: string, ...args: readonly string[]) => {
  const { output, texts, notes, events } = recordOutput();
  const placed = args.map((arg) => arg.replace("DIR", folder));
  const code = await initCommand.run(placed, output, new AbortController().signal);
  const shown = (text: string): string => text.replaceAll(relative("", folder), "DIR").replaceAll(folder, "DIR");
  return { code, text: shown(texts.join("\n")), notes, events };
};

const filesOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

const ownFiles = ["package.json", "tsconfig.json", "spec.ts", ".gitignore", "README.md"].toSorted();

describe("a project", () => {
  test("of clips: what is measured, chosen and told", async () => {
    const folder = temporaryFolder(clips);
    const { code, text, notes, events } = await init(folder, "DIR/birds", "--data", "DIR/clips");
    expect({ code, notes }).toEqual({ code: exitCodes.done, notes: [] });
    const address = "https://dl.fbaipublicfiles.com/deit/deit_tiny_patch16_224-a1311bcf.pth";
    expect(text).toBe(`DIR/clips: 2 clips to train on and 2 held out, of 2 classes, 0.26 to 0.26 s long
size: DeiT's tiny, 5.4 M parameters, for fewer than 5,000 clips to train on
weights: deit_tiny_patch16_224-a1311bcf.pth, taught by ImageNet's pictures; random ones would need many times as many clips
DIR/birds: package.json, tsconfig.json, spec.ts, .gitignore, README.md

Next:
  cd DIR/birds
  npm install
  curl -LO ${address}
  npm run compile
  npm run train`);
    expect(events).toMatchObject([{ event: "init", name: "birds", clips: { train: 2, evaluation: 2 }, epochs: 20 }]);
    const files = filesOf(join(folder, "birds"));
    expect(Object.keys(files).toSorted()).toEqual(ownFiles);
    expect(files["spec.ts"]?.replaceAll(folder, "DIR"))
      .toBe(`/** birds: what is written here of DIR/clips was measured by \`specgraph init\`. */
import { adamW, checkpoint, cosine, maskFrequency, maskTime, singleLabel } from "specgraph";
import { ast, sizes } from "specgraph/ast";

export default ast({
  name: "birds",
  size: sizes.tiny224,
  tokens: ["cls"],
  stride: { bins: 16, frames: 8 },
  frames: 32, // holds every clip whole
  statistics: { mean: -11.9568, std: 6.9037 },
  objective: singleLabel({ classes: ["a \\"dog\\"", "cat"] }),
  training: {
    optimizer: adamW({ learningRate: 1e-4, weightDecay: 0.01 }),
    schedule: cosine(),
    batch: 16,
    epochs: 20,
    augment: [maskFrequency({ bins: 24 }), maskTime({ frames: 6 })],
  },
  pretrained: checkpoint({ file: "deit_tiny_patch16_224-a1311bcf.pth" }), // beside this file: ${address}
});
`);
    expect(files["README.md"]?.trimEnd().split("\n")).toHaveLength(10);
    expect(JSON.parse(files["package.json"] ?? "")).toMatchObject({
      name: "birds",
      private: true,
      scripts: { train: `specgraph train graph.onnx --data ${folder}/clips --out runs/birds` },
      dependencies: { specgraph: `^${version}` },
    });
  });

  test("in an empty folder that is there, and Git's", async () => {
    const folder = temporaryFolder(clips);
    mkdirSync(join(folder, "birds/.git"), { recursive: true });
    await init(folder, "DIR/birds", "--data", "DIR/clips", "--weights", "none");
    expect(readdirSync(join(folder, "birds")).toSorted()).toEqual([".git", ...ownFiles].toSorted());
  });
});

describe("wrong input: one message, and nothing is written", () => {
  const one = { "clips/cat/1.wav": silence(24), "clips/cat/2.wav": silence(24) };
  test.each([
    ["no folder", [], clips, "runtime init takes one folder, and none is given; see runtime init --help"],
    [
      "a folder in use",
      ["DIR/clips", "--data", "DIR/clips"],
      clips,
      'cannot begin a project in DIR/clips: it holds a "dog"; name a folder that is empty, or not there yet',
    ],
    ["a file", ["DIR/file"], { file: "" }, "cannot write DIR/file: it is a file; name a folder"],
    ["no data", ["DIR/new", "--data", "DIR/none"], {}, "DIR/none: there is no such file"],
    [
      "one class",
      ["DIR/new", "--data", "DIR/clips"],
      one,
      'DIR/clips: every training clip is "cat"; training tells classes apart and needs two or more',
    ],
    ["no weights", ["DIR/new", "--weights", "DIR/a.pth"], {}, "DIR/a.pth: there is no such file"],
    [
      "no sound",
      ["DIR/new", "--data", "DIR/clips"],
      { "clips/a/1.wav": "", "clips/a/2.wav": "", "clips/b/1.wav": "", "clips/b/2.wav": "" },
      "DIR/clips: no clip can be read",
    ],
    [
      "a name that npm refuses",
      ["DIR/My Model"],
      {},
      'npm takes no package called "My Model": it has capital letters; name another, such as my-model',
    ],
  ])("%s", async (_, args, files, message) => {
    const folder = temporaryFolder(files);
    const before = readdirSync(folder);
    const said = message.replaceAll("DIR", folder);
    const shorter = message.replaceAll("DIR", relative("", folder));
    await expect(init(folder, ...args)).rejects.toSatisfy(
      (error: unknown) => error instanceof Error && [said, shorter].includes(error.message),
    );
    expect(readdirSync(folder)).toEqual(before);
  });

  test("a folder whose parent is a file", async () => {
    const folder = temporaryFolder({});
    writeFileSync(join(folder, "file"), "");
    const place = join(relative("", folder), "file", "new");
    await expect(init(folder, "DIR/file/new")).rejects.toEqual(saying(`cannot write ${place}: its folder is a file`));
    expect(readdirSync(folder)).toEqual(["file"]);
  });
});

test.each([
  ["birds", undefined],
  ["birds-2.0_x", undefined],
  ["a".repeat(215), "it has more than 214 characters"],
  [".birds", "it begins with ."],
  ["_birds", "it begins with _"],
  ["my birds", "it has spaces"],
  ["vögel", "it has the character ö"],
  ["node_modules", "it means something else to npm"],
  ["http", "a module of Node.js has it"],
  ["specgraph", "the package that the project depends on has it"],
])("as a package's name %s", (name, problem) => {
  expect(nameProblem(name)).toBe(problem);
});

test("the more clips, the larger the model and the fewer the epochs", () => {
  const chosen = [200, 2000, 5000, 20_000, 50_000].map((clips) => chooseModel(clips, undefined));
  expect(chosen.map(({ lines, epochs }) => `${lines[0]} ${epochs}`)).toEqual([
    "size: sizes.tiny224, 20",
    "size: sizes.tiny224, 10",
    "size: sizes.small224, 10",
    "size: sizes.small224, 5",
    "size: sizes.base384, 5",
  ]);
  expect(chooseModel(200, "none")).not.toHaveProperty("weights");
});
