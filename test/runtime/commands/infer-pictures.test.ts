import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { compileTiny } from "../engine/compile-tiny.ts";
import { recordOutput } from "../record-output.ts";
import { saying } from "../saying.ts";

const wav = (key: string, samples: number): Buffer =>
  wavBytes(Array.from(generateTensor(`${key}#pictures`, samples, 8000), (value) => Math.round(value)));

const workspace = (model = "") => {
  const folder = temporaryFolder({ "a.wav": wav("a", 3000), "b.wav": wav("b", 20_000) });
  const graph = compileTiny("optimizer: adam({ learningRate: 1e-3 })", model);
  const run = async (...args: readonly string[]) => {
    const { output, ...told } = recordOutput();
    const exit = await inferCommand.run([graph, ...args, "--device", "cpu"], output, new AbortController().signal);
    return { exit, ...told };
  };
  return { at: (name: string): string => join(folder, name), graph, run };
};

test("--explain draws a clip, as SVG or PNG, beside the same answers", async () => {
  const { at, run } = workspace();
  const plain = await run(at("a.wav"));
  expect(await run(at("a.wav"), "--explain", at("a.svg"))).toEqual(plain);
  expect(readFileSync(at("a.svg"), "utf8")).toMatch(/^<svg\s[^>]*>\s*<title>a\.wav</);
  await run(at("a.wav"), "--explain", at("a.PNG"));
  expect(readFileSync(at("a.PNG")).toString("latin1", 1, 4)).toBe("PNG");
});

test("of a graph that hears any length pictures are as long as the clip, whatever its length", async () => {
  const filters = "bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: 'hanning'";
  const { at, run } = workspace(
    `features: [kaldiFbank({ ${filters} }), anyLength({ frames: 24, least: 8, most: 400 })]`,
  );
  writeFileSync(at("short.wav"), wav("short", 1000));
  await run(at("short.wav"), at("a.wav"), at("b.wav"), "--explain", at("pictures"));
  const heard = ["short", "a", "b"].map(
    (name) => /hears ([^<]*)</.exec(readFileSync(at(`pictures/${name}.wav.svg`), "utf8"))?.[1],
  );
  // Of 4 frames, where a patch has 8, the rest of it is padding.
  expect(heard).toStrictEqual(["0.04 s of it", "0.17 s of it", "1.23 s of it"]);
  await run(at("b.wav"), "--window", "0.5", "--timeline", at("b.svg"));
  expect(readFileSync(at("b.svg"), "utf8")).toContain("tiny: 3 windows of 0.5 s");
});

test("--explain FOLDER/ draws each clip", async () => {
  const { at, run } = workspace();
  writeFileSync(at("c.wav"), "no sound");
  const { exit } = await run(at("."), "--explain", at("pictures"));
  expect(exit).toBe(2);
  expect(readdirSync(at("pictures")).toSorted()).toStrictEqual(["a.wav.svg", "b.wav.svg"]);
});

test("--timeline draws a recording with its windows, or with the events that they make", async () => {
  const { at, run } = workspace();
  const windows = ["--window", "0.2", "--hop", "0.1"];
  const plain = await run(at("b.wav"), ...windows);
  expect(await run(at("b.wav"), ...windows, "--timeline", at("b.svg"))).toEqual(plain);
  const svg = readFileSync(at("b.svg"), "utf8");
  expect(svg).toContain("<title>b.wav</title>");
  expect(svg).toContain("tiny: 12 windows of 0.2 s every 0.1 s");
  expect(svg).not.toContain('class="event"');
  await run(at("b.wav"), ...windows, "--threshold", "0.01", "--timeline", at("events.svg"));
  expect(readFileSync(at("events.svg"), "utf8").match(/class="event"/g)).toHaveLength(2);
});

test("what was heard before a recording breaks off is drawn", async () => {
  const { at, run } = workspace();
  const bytes = readFileSync(at("b.wav"));
  writeFileSync(at("c.wav"), bytes.subarray(0, 20_001));
  const { exit } = await run(at("c.wav"), "--window", "0.2", "--timeline", at("c.svg"));
  expect([0, 2]).toContain(exit);
  expect(existsSync(at("c.svg"))).toBe(true);
});

test("what cannot be drawn is refused before anything is heard", async () => {
  const { at, run, graph } = workspace(
    "network: [patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }), meanOfPatches(), dense('classes')]",
  );
  await expect(run(at("a.wav"), "--timeline", at("a.svg"))).rejects.toThrow(
    saying("--timeline needs --window: it draws classes over the time of whole recordings"),
  );
  await expect(run(at("a.wav"), "--window", "0.2", "--explain", at("a.svg"))).rejects.toThrow(
    saying("--explain is about clips; of recordings in windows --timeline draws one picture"),
  );
  await expect(run(at("a.wav"), at("b.wav"), "--explain", at("a.svg"))).rejects.toThrow(
    saying(`--explain ${at("a.svg")} is a picture of one recording, and there are 2; name a folder`),
  );
  mkdirSync(at("there"));
  writeFileSync(at("there/a.svg"), "mine");
  await expect(run(at("a.wav"), "--explain", at("there/a.svg"))).rejects.toThrow(
    saying(`${at("there/a.svg")} exists, and nothing is overwritten; name another place`),
  );
  expect(readFileSync(at("there/a.svg"), "utf8")).toBe("mine");
  await expect(run(at("a.wav"), "--explain", at("a.svg"))).rejects.toThrow(
    saying(`${graph}: cannot tell attention: it has no attention layer, whose weights attention is made of`),
  );
  expect(existsSync(at("a.svg"))).toBe(false);
});
