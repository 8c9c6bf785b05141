import { join } from "node:path";
import { expect, test } from "vitest";
import { loadClip } from "../../../runtime/audio/load-clip.ts";
import { UserError } from "../../../runtime/user-error.ts";
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
  const { samples, sourceRateHz } = await loadClip(clipOf(200), { sampleRateHz: 16_000, minSamples: 400 });
  expect(samples).toHaveLength(400);
  expect(samples[200]).toBeCloseTo(100 / 32_768, 4);
  expect(sourceRateHz).toBe(8000);
});

test("a clip without a whole frame is refused", async () => {
  const path = clipOf(199);
  await expect(loadClip(path, { sampleRateHz: 16_000, minSamples: 400 })).rejects.toThrow(
    new UserError(`${path}: the clip has 398 samples at 16000 Hz; the model needs 400 or more (25 ms)`),
  );
});
