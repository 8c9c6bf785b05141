import { join } from "node:path";
import { expect, test } from "vitest";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { describeFaults } from "../../../runtime/data/unreadable-clips.ts";
import { createClipExaminer } from "../../../runtime/data/examine-clips.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";

const { signal } = new AbortController();
const options = { sampleRateHz: 16_000, minSamples: 4, terminal: undefined, signal };
const clipAt = (path: string): Clip => ({ name: path, source: { path }, classIndices: [0] });

test("what can be read has a fingerprint, what cannot a reason, an embedded sound neither", async () => {
  const samples = Array.from({ length: 20_000 }, (_, index) => index);
  const folder = temporaryFolder({
    "a.wav": wavBytes(samples),
    "copy.wav": wavBytes(samples),
    "middle.wav": wavBytes(samples.with(10_000, 0)),
    "longer.wav": wavBytes([...samples, 1]),
    "empty.wav": "",
  });
  const names = ["a.wav", "copy.wav", "middle.wav", "longer.wav", "empty.wav", "gone.wav"];
  const clips = names.map((name) => clipAt(join(folder, name)));
  const sound: Clip = { name: "a sound", source: { sound: { kind: "siren", index: 1, seed: 1 } }, classIndices: [0] };
  const found = await createClipExaminer(options)([...clips, sound]);
  const fingerprints = clips.map((clip) => found?.fingerprints.get(clip));
  expect(fingerprints[0]).toMatch(/^[0-9a-f]{10}$/);
  expect(fingerprints[1]).toBe(fingerprints[0]);
  expect(new Set(fingerprints).size).toBe(4);
  expect([...(found?.faults.values() ?? [])].map((text) => text.replace(folder, ""))).toStrictEqual([
    join("/", "empty.wav: the file is empty"),
    join("/", "gone.wav: there is no such file"),
  ]);
});

test("a signal ends it", async () => {
  const ended = createClipExaminer({ ...options, signal: AbortSignal.abort() });
  expect(await ended([clipAt("a.wav")])).toBeUndefined();
});

test("many are counted", () => {
  const reasons = Array.from({ length: 23 }, (_, index) => `${index}.wav: the file is empty`);
  const lines = describeFaults(reasons, 30, "leave them out").split("\n");
  expect(lines).toHaveLength(23);
  expect([lines[0], lines.at(-2), lines.at(-1)]).toStrictEqual([
    "23 of 30 clips cannot be read:",
    "  and 3 more",
    "leave them out",
  ]);
});

test("each stands on one line, whatever the clip is called", () => {
  expect(describeFaults(["a\n2 of 2 clips are fine.wav: the file is empty"], 2, "leave it out")).toBe(
    "1 of 2 clips cannot be read:\n  a\\u{a}2 of 2 clips are fine.wav: the file is empty\nleave it out",
  );
});
