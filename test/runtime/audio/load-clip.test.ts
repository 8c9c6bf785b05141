import { join } from "node:path";
import { expect, test } from "vitest";
import { loadClip } from "../../../runtime/audio/load-clip.ts";
import { openClip } from "../../../runtime/audio/open-clip.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { wavBytes } from "./wav-bytes.ts";

const clipOf = (samples: number) =>
  join(
    temporaryFolder({
      "clip.wav": wavBytes(
        Array.from({ length: samples }, () => 100),
        { sampleRateHz: 8000 },
      ),
    }),
    "clip.wav",
  );

test("a clip is resampled to the model's rate", async () => {
  const { samples, sourceRateHz } = await loadClip(openClip, clipOf(200), { sampleRateHz: 16_000, minSamples: 400 });
  expect(samples).toHaveLength(400);
  expect(samples[200]).toBeCloseTo(100 / 32_768, 4);
  expect(sourceRateHz).toBe(8000);
});

test("a clip without a whole frame is refused", async () => {
  const path = clipOf(199);
  await expect(loadClip(openClip, path, { sampleRateHz: 16_000, minSamples: 400 })).rejects.toThrow(
    saying(`${path}: the clip has 398 samples at 16000 Hz; the model needs 400 or more (25 ms)`),
  );
});

test.each([8000, 16_000, 22_050, 44_100, 44_099, 48_000])(
  "what is heard of a longer clip of %d Hz is bit for bit what the whole begins with",
  async (sampleRateHz) => {
    const wave = Array.from({ length: 3 * sampleRateHz }, (_, index) =>
      Math.round(9000 * Math.sin(index * index * 1e-4)),
    );
    const path = join(temporaryFolder({ "clip.wav": wavBytes(wave, { sampleRateHz }) }), "clip.wav");
    const requirements = { sampleRateHz: 16_000, minSamples: 400 };
    const whole = await loadClip(openClip, path, requirements);
    expect(whole.clipSamples).toBe(whole.samples.length);
    for (const maxSamples of [400, 15_601, 16_000]) {
      const { samples, clipSamples } = await loadClip(openClip, path, { ...requirements, maxSamples });
      expect(samples).toEqual(whole.samples.slice(0, maxSamples));
      expect(clipSamples).toBe(whole.samples.length);
    }
  },
);
