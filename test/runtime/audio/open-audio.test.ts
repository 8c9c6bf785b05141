import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sourceOfBytes } from "../../../runtime/audio/formats/byte-source.ts";
import { openAudio } from "../../../runtime/audio/open-audio.ts";

const fixture = (name: string) => readFileSync(fileURLToPath(new URL(`../../fixtures/audio/${name}`, import.meta.url)));

test("bytes in memory are decoded as a file's are, block by block", async () => {
  const notes: string[] = [];
  const stream = await openAudio(sourceOfBytes(fixture("sines.flac")), { note: (clause) => notes.push(clause) });
  const { format, sampleRateHz, channels } = stream ?? {};
  expect({ format, sampleRateHz, channels }).toEqual({ format: "FLAC, 16 bits", sampleRateHz: 16_000, channels: 2 });
  expect(await stream?.countFrames()).toBe(3200);
  let samples = 0;
  for await (const block of stream?.decode() ?? []) samples += block.channels[0]?.length ?? 0;
  expect(samples).toBe(3200);
  expect(notes).toEqual([]);
});
