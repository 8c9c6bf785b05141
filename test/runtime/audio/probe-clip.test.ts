import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAudioName } from "../../../runtime/audio/is-audio-name.ts";
import { probeClip } from "../../../runtime/audio/probe-clip.ts";
import { temporaryFolder } from "./temporary-folder.ts";

test("a file's name says whether it holds sound", () => {
  expect(["a.wav", "a.b.MP3", "a.m4a", "clip.webm"].every(isAudioName)).toBe(true);
  expect(["wav", ".wav", "a.wav.txt", "labels.csv"].some(isAudioName)).toBe(false);
});

test("a file that is no audio is named", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "a.wav");
  writeFileSync(path, "no audio");
  await expect(probeClip(path)).rejects.toThrow(`${path}: this is not audio that can be read`);
});
