import { join } from "node:path";
import { expect, test } from "vitest";
import { clipRequirements } from "../../../runtime/audio/clip-requirements.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { embeddedClasses, embeddedClips } from "../../../runtime/data/embedded.ts";
import { readDataset } from "../../../runtime/data/sources/read-dataset.ts";
import { openClips } from "../../../runtime/evaluate/open-clips.ts";
import type { Artifact } from "../../../runtime/artifact/decode-artifact.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { measureClips } from "../../../runtime/stats/measure-clips.ts";
import { deviationOf, mergeMoments, momentsOf, noMoments } from "../../../runtime/stats/moments.ts";
import { kaldiFbank64 } from "../../golden/kaldi-fbank.ts";
import { referenceFbank } from "../../golden-data/reference-features.ts";
import { compileFrontEnd } from "./front-end.ts";

const dataFolder = process.env["AST_DATA"];

/** Compares with features in float64, of the clips as training loads them. */
const expectAsInFloat64 = async (artifact: Artifact, clips: readonly Clip[]): Promise<void> => {
  const measures = await measureClips({ artifact, clips });
  const supply = openClips(artifact);
  const waveforms = await Promise.all(clips.map(supply.load));
  await supply.close();
  // A clip's length is the whole clip's; what is loaded is what the graph hears of it.
  const { maxSamples } = clipRequirements(artifact.metadata);
  const heard = (lengths: readonly number[] = []) => lengths.map((length) => Math.min(length, maxSamples));
  expect(heard(measures?.samples)).toStrictEqual(heard(waveforms.map(({ length }) => length)));
  const { frames, sampleRateHz } = artifact.metadata;
  const features = waveforms.flatMap((waveform) =>
    kaldiFbank64(waveform, referenceFbank, sampleRateHz).slice(0, frames),
  );
  const expected = momentsOf(Float64Array.from(features.flat()));
  const measured = measures?.frames.reduce(mergeMoments, noMoments) ?? noMoments;
  expect(measured.count).toBe(expected.count);
  expect(measured.mean).toBeCloseTo(expected.mean, 4);
  expect(deviationOf(measured)).toBeCloseTo(deviationOf(expected), 4);
};

test("embedded sounds", async () => {
  const clips = embeddedClips(embeddedClasses).filter((_, index) => index % 1150 === 7);
  const artifact = readArtifact(compileFrontEnd(80));
  await expectAsInFloat64(artifact, clips);
  expect((await measureClips({ artifact, clips }))?.clipsBySampleRateHz).toStrictEqual(new Map([[16_000, 2]]));
});

test("an interruption ends it before the next clip", async () => {
  const clips = embeddedClips(embeddedClasses).slice(0, 3);
  const interruption = new AbortController();
  const done: number[] = [];
  const onProgress = (clips: number): void => {
    done.push(clips);
    if (clips === 2) interruption.abort();
  };
  const artifact = readArtifact(compileFrontEnd(80));
  expect(await measureClips({ artifact, clips, signal: interruption.signal, onProgress })).toBeUndefined();
  expect(done).toStrictEqual([0, 1, 2]);
});

test.skipIf(!dataFolder)("recorded clips: resampled and cut", async () => {
  const { clips } = await readDataset({ data: join(dataFolder ?? "", "esc10", "esc10.csv") });
  const artifact = readArtifact(compileFrontEnd(100));
  const some = clips.filter((_, index) => index % 160 === 3);
  await expectAsInFloat64(artifact, some);
  expect((await measureClips({ artifact, clips: some }))?.clipsBySampleRateHz).toStrictEqual(new Map([[44_100, 2]]));
});
