import { expect, test } from "vitest";
import { createClipSurvey } from "../../../runtime/audio/create-clip-survey.ts";

const clipOf = (heard: number, clipSamples: number | undefined, notes: readonly string[] = []) => ({
  samples: new Float32Array(heard),
  clipSamples,
  notes,
});

test("what is not heard is told as a share of the sound, each clip counted once", () => {
  const survey = createClipSurvey(1000);
  survey.add("short.wav", clipOf(1000, 1000));
  expect(survey.describeUnheard()).toEqual([]);
  survey.add("long.wav", clipOf(2000, 3000));
  survey.add("long.wav", clipOf(2000, 3000));
  survey.add("a little longer.wav", clipOf(2000, 2050));
  expect(survey.describeUnheard()).toEqual([
    "1 of 3 clips is longer than the 2.0 s that the model hears: 17.4 % of the sound is not heard",
  ]);
  survey.add("unknown.webm", clipOf(2000, undefined));
  expect(survey.describeUnheard()).toEqual([
    "2 of 4 clips are longer than the 2.0 s that the model hears: at least 13.0 % of the sound is not heard",
  ]);
});

test("what is odd about files is told once for all of a kind, on a line", () => {
  const survey = createClipSurvey(1000);
  for (const name of ["a", "b", "c"]) survey.add(`${name}.wav`, clipOf(1, 1, ["the size is wrong"]));
  survey.add("d.ogg", clipOf(1, 1, ["it has no end"]));
  survey.add("e.ogg", clipOf(1, 1, ["it has no end"]));
  survey.add("f\n.m4a", clipOf(1, 1, ["it was decoded by ffmpeg"]));
  expect(survey.describeNotes()).toEqual([
    "a.wav and 2 others: the size is wrong",
    "d.ogg and 1 other: it has no end",
    "f\\u{a}.m4a: it was decoded by ffmpeg",
  ]);
});
