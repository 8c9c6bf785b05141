import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { similarCommand } from "../../../runtime/commands/similar-command.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { compileTiny } from "../engine/compile-tiny.ts";
import { recordOutput } from "../record-output.ts";
import { saying } from "../saying.ts";

const wav = (key: string): Buffer =>
  wavBytes(Array.from(generateTensor(`${key}#similar`, 3000, 8000), (value) => Math.round(value)));

const workspace = () => {
  const folder = temporaryFolder({});
  const at = (name: string): string => join(folder, name);
  mkdirSync(at("clips/more"), { recursive: true });
  for (const name of ["a", "b", "more/c"]) writeFileSync(at(`clips/${name}.wav`), wav(name));
  writeFileSync(at("like-b.wav"), wav("b"));
  const graph = at("graph.onnx");
  cpSync(compileTiny("optimizer: adam({ learningRate: 1e-3 })"), graph);
  return { folder, graph, index: at("clips.index"), at };
};

const run = async (...args: readonly string[]) => {
  const { events, notes, texts, output } = recordOutput();
  const exit = await similarCommand.run([...args, "--device", "cpu"], output, new AbortController().signal);
  return { exit, events, notes, results: texts };
};

const fromHere = (path: string): string =>
  relative(process.cwd(), path).startsWith("..") ? path : relative(process.cwd(), path);

test("clips are added once, and the nearest are found, but for the clip itself", async () => {
  const { graph, index, at } = workspace();
  expect(await run(graph, index, at("clips"), "--add")).toMatchObject({
    exit: 0,
    events: [{ index, clips: 3, added: 3, renewed: 0, known: 0, failed: 0 }],
    results: [`${index}: 3 clips (3 added)`],
    notes: [],
  });
  writeFileSync(at("clips/a.wav"), wav("another"));
  writeFileSync(at("clips/d.wav"), wav("d"));
  expect((await run(graph, index, at("clips"), "--add")).results).toStrictEqual([
    `${index}: 4 clips (1 added, 1 renewed, 2 there already)`,
  ]);
  expect(readdirSync(at(".")).filter((name) => name.startsWith("clips.index"))).toStrictEqual(["clips.index"]);

  const { exit, events } = await run(graph, index, at("like-b.wav"), at("clips/b.wav"), "--top", "2");
  expect(exit).toBe(0);
  expect(events).toMatchObject([
    {
      clip: at("like-b.wav"),
      nearest: [{ clip: fromHere(at("clips/b.wav")), similarity: expect.closeTo(1, 5) as number }, {}],
    },
    { clip: at("clips/b.wav"), nearest: [{ isMissing: false }, {}] },
  ]);
  expect(JSON.stringify(events[1]).match(/b\.wav/g)).toHaveLength(1);
});

test("an index goes where its clips go; of one that is gone it is said", async () => {
  const { graph, index, at } = workspace();
  await run(graph, index, at("clips"), "--add");
  const moved = temporaryFolder({});
  cpSync(at("clips"), join(moved, "clips"), { recursive: true, preserveTimestamps: true });
  cpSync(index, join(moved, "clips.index"));
  rmSync(join(moved, "clips", "more"), { recursive: true });
  const { results } = await run(graph, join(moved, "clips.index"), at("like-b.wav"));
  expect(results[0]?.split("\n")).toHaveLength(4);
  expect(results[0]).toContain(`1.0000  ${join(moved, "clips", "b.wav")}\n`);
  expect(results[0]).toMatch(/c\.wav \(the file is not there any more\)$/m);
});

test("clips that cannot be read are told of and end nothing", async () => {
  const { graph, index, at } = workspace();
  writeFileSync(at("clips/broken.wav"), "RIFF");
  const { exit, results, notes } = await run(graph, index, at("clips"), "--add");
  expect(exit).toBe(2);
  expect(results).toStrictEqual([`${index}: 3 clips (3 added, 1 cannot be read)`]);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain(`${at("clips/broken.wav")}: `);
  expect(await run(graph, index, at("gone.wav"))).toMatchObject({
    exit: 2,
    notes: [`${at("gone.wav")}: there is no such file`],
  });
});

test("a stop keeps what was added", async () => {
  const { graph, index, at } = workspace();
  const { output, texts } = recordOutput();
  const exit = await similarCommand.run(
    [graph, index, at("clips"), "--add", "--device", "cpu"],
    output,
    AbortSignal.abort(),
  );
  expect(exit).toBe(130);
  expect(texts).toStrictEqual([`${index}: 1 clip (1 added)`]);
  expect((await run(graph, index, at("clips"), "--add")).results).toStrictEqual([
    `${index}: 3 clips (2 added, 1 there already)`,
  ]);
});

describe("what is refused", () => {
  test("an index that is missing, of another graph, or none", async () => {
    const { graph, index, at } = workspace();
    const clip = at("like-b.wav");
    await expect(run(graph, index, clip)).rejects.toThrow(saying(`${index}: there is no such index; --add makes one`));
    await run(graph, index, at("clips"), "--add");
    const other = compileTiny("optimizer: adam({ learningRate: 1e-3 })", "seed: 5");
    const foreign = `${index}: was made by another graph, the same spec with other weights, and vectors of two graphs cannot be compared; make one with this graph, under another name`;
    await expect(run(other, index, clip)).rejects.toThrow(saying(foreign));
    await expect(run(other, index, at("clips"), "--add")).rejects.toThrow(saying(foreign));
    await expect(run(graph, graph, clip)).rejects.toThrow(saying(`${graph}: not a safetensors file, or cut short`));
    await expect(run(graph, clip, at("clips"), "--add")).rejects.toThrow(
      saying(`${clip}: not a safetensors file, or cut short`),
    );
  });

  test.each([
    ["its embeddings", -1, "its embeddings are not those that were written"],
    ["its list", 400, "its list of clips is not what was written"],
  ])("an index that is damaged in %s", async (_, place, reason) => {
    const { graph, index, at } = workspace();
    await run(graph, index, at("clips"), "--add");
    const bytes = readFileSync(index);
    const offset = place < 0 ? bytes.length + place : 8 + Number(bytes.readBigUInt64LE(0)) + 10;
    bytes[offset] = (bytes[offset] ?? 0) ^ 1;
    writeFileSync(index, bytes);
    const message = `${index}: the index is damaged: ${reason}; delete it and add the clips anew`;
    await expect(run(graph, index, at("like-b.wav"))).rejects.toThrow(saying(message));
    await expect(run(graph, index, at("clips"), "--add")).rejects.toThrow(saying(message));
  });

  test("a folder without clips, a graph without embeddings: nothing is written", async () => {
    const { graph, index, at } = workspace();
    mkdirSync(at("empty"));
    await expect(run(graph, index, at("empty"), "--add")).rejects.toThrow(
      saying(
        `${at("empty")}: there are no clips in this folder, nor in those in it; expected files that are called as sound is, such as .wav or .flac`,
      ),
    );
    expect(existsSync(index)).toBe(false);
    expect(existsSync(`${index}.lock`)).toBe(false);
  });

  test("options and operands that do not go together", async () => {
    await expect(run("graph.onnx", "clips.index")).rejects.toThrow(
      saying("runtime similar takes a graph, an index and one clip or more; see runtime similar --help"),
    );
    await expect(run("graph.onnx", "clips.index", "a.wav", "--add", "--top", "3")).rejects.toThrow(
      saying("--top and --add exclude each other: nothing is looked for while clips are added"),
    );
  });
});
