import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { generatedClip, generatedClipIds, generatedClipPcm, type GeneratedClipId } from "./generated-clip.ts";
import { committedGoldens, readGoldenJson, recordedGoldens } from "./golden.ts";

interface ClipEntry {
  readonly id: GeneratedClipId;
  readonly samples: number;
  readonly waveform_mean: number;
}

const { clips } = readGoldenJson(committedGoldens, "features", "manifest.json") as {
  readonly clips: readonly ClipEntry[];
};

describe("the generated clips", () => {
  test("are those of the manifest", () => {
    expect(clips.map(({ id }) => id)).toStrictEqual(generatedClipIds);
  });

  test.each(clips)("$id has the manifest's length and mean", ({ id, samples, waveform_mean }) => {
    const waveform = generatedClip(id);
    expect(waveform).toHaveLength(samples);
    expect(waveform.reduce((sum, sample) => sum + sample, 0) / samples).toBeCloseTo(waveform_mean, 7);
  });
});

describe.skipIf(recordedGoldens === undefined)("the generated clips, beside the reference's files", () => {
  test.each(generatedClipIds)("%s has the same samples", (id) => {
    const wavHeaderBytes = 44;
    const wav = readFileSync(join(recordedGoldens ?? "", "features", `${id}.wav`));
    expect(generatedClipPcm(id)).toStrictEqual(new Int16Array(new Uint8Array(wav.subarray(wavHeaderBytes)).buffer));
  });
});
