import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { decodeClip } from "../../../runtime/audio/decode-clip.ts";
import { openClip } from "../../../runtime/audio/open-clip.ts";
import { encodeWav } from "../../../runtime/audio/encode-wav.ts";
import { embeddedClasses } from "../../../runtime/data/embedded.ts";
import { soundsCommand } from "../../../runtime/commands/sounds-command.ts";
import { soundRateHz, synthesise } from "../../../runtime/data/synthesise.ts";
import type { Output } from "../../../runtime/commands/output.ts";

const folder = mkdtempSync(join(tmpdir(), "specgraph-sounds-"));
afterAll(() => rmSync(folder, { recursive: true }));

const collect = (): { readonly output: Output; readonly lines: string[]; readonly events: unknown[] } => {
  const lines: string[] = [];
  const events: unknown[] = [];
  const output: Output = {
    result: (line) => lines.push(line),
    progress: (line) => lines.push(line),
    json: (event) => events.push(event),
    note: (line) => lines.push(line),
    terminal: undefined,
  };
  return { output, lines, events };
};

const { signal } = new AbortController();

test("sounds are written as a folder per class, and decode to what was synthesised", async () => {
  const { output, lines, events } = collect();
  await soundsCommand.run([join(folder, "sounds"), "--count", "2"], output, signal);
  expect(readdirSync(join(folder, "sounds")).toSorted()).toStrictEqual(embeddedClasses.toSorted());
  expect(lines).toStrictEqual([`20 sounds of 10 classes in ${join(folder, "sounds")}`]);
  expect(events).toHaveLength(20);
  expect(events[0]).toStrictEqual({ path: join(folder, "sounds", "tone", "tone-1.wav"), label: "tone" });

  const { samples, sampleRateHz } = await decodeClip(openClip, join(folder, "sounds", "siren", "siren-1.wav"));
  const original = synthesise({ kind: "siren", index: 200, seed: 1 });
  expect(sampleRateHz).toBe(soundRateHz);
  expect(Math.max(...samples.map((sample, index) => Math.abs(sample - (original[index] ?? NaN))))).toBeLessThan(
    2 ** -15,
  );
});

test("samples beyond full scale are clipped", () => {
  const bytes = encodeWav(Float32Array.of(2, -2, 0.5), 8000);
  expect([0, 1, 2].map((index) => bytes.readInt16LE(44 + 2 * index))).toStrictEqual([32_767, -32_768, 16_384]);
});

test("wrong uses say what was expected", () => {
  const { output } = collect();
  expect(() => soundsCommand.run([], output, signal)).toThrow(
    "runtime sounds takes one folder, and none is given; see runtime sounds --help",
  );
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => soundsCommand.run([file], output, signal)).toThrow(
    `cannot write ${join(file, "tone", "tone-1.wav")}: its folder is a file`,
  );
});
