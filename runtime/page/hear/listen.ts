/** What is heard by the microphone, as it is heard. */
import { rankClasses } from "../../evaluate/rank-classes.ts";
import { magma } from "../../report/figures/spectrogram-image.ts";
import { createCard } from "./answer-card.ts";
import { button, element } from "../parts/elements.ts";
import type { Hearing } from "./hear-file.ts";
import { createLogMel } from "./log-mel.ts";
import type { Microphone } from "../parts/microphone.ts";
import { createPlayer } from "../parts/player.ts";
import { saveFile, wavOf } from "../parts/save-file.ts";
import { fillScores, scoreTable } from "./score-table.ts";
import { drawSound } from "./sound-picture.ts";
import { createTimeline } from "./timeline.ts";
import { describeProblem, formatScore, formatSeconds } from "../parts/words.ts";

const shownSeconds = 30;
/** Of what was heard, so much can be played and saved. */
const keptSeconds = 120;
const columnSeconds = 0.04;
const shownScores = 6;
/** Of a window: how soon the next begins, unless that is more often than anyone looks. */
const hopShare = 0.1;
const leastHopSeconds = 0.25;
/** Of the spectrogram's colours, in decibels. */
const [darkestDb, lightestDb] = [-60, 15];

/** A spectrogram that moves on with the sound. */
const createScroll = (canvas: HTMLCanvasElement, sampleRateHz: number) => {
  const { bins, take } = createLogMel(sampleRateHz, columnSeconds);
  const width = Math.round(shownSeconds / columnSeconds);
  [canvas.width, canvas.height] = [width, bins];
  const context = canvas.getContext("2d");
  return (samples: Float32Array): void => {
    const columns = take(samples);
    const count = Math.min(width, columns.length / bins);
    if (count === 0 || !context) return;
    const image = new ImageData(count, bins);
    for (let column = 0; column < count; column++)
      for (let bin = 0; bin < bins; bin++) {
        const decibels = columns[columns.length - (count - column) * bins + bin] ?? 0;
        const share = Math.max(0, Math.min(1, (decibels - darkestDb) / (lightestDb - darkestDb)));
        const place = 4 * ((bins - 1 - bin) * count + column);
        const colour = 3 * Math.round(255 * share);
        image.data.set([...magma.subarray(colour, colour + 3), 255], place);
      }
    context.drawImage(canvas, -count, 0);
    context.putImageData(image, width - count, 0);
  };
};

/** The last of what has come, in blocks. */
const createTape = (sampleRateHz: number) => {
  let blocks: Float32Array<ArrayBuffer>[] = [];
  let [held, all] = [0, 0];
  return {
    add: (block: Float32Array<ArrayBuffer>): void => {
      blocks.push(block);
      [held, all] = [held + block.length, all + block.length];
      const [first] = blocks;
      if (!first || held - first.length < keptSeconds * sampleRateHz) return;
      blocks = blocks.slice(1);
      held -= first.length;
    },
    seconds: (): number => all / sampleRateHz,
    /** Where the first sample that is held lies. */
    heldFrom: (): number => (all - held) / sampleRateHz,
    samples: (): Float32Array<ArrayBuffer> => {
      const joined = new Float32Array(held);
      let at = 0;
      for (const block of blocks) {
        joined.set(block, at);
        at += block.length;
      }
      return joined;
    },
  };
};

const peakOf = (samples: Float32Array): number => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

/**
 * Hears the microphone until it is closed, and shows it in a card of its own.
 * @param place where cards are
 */
export const listenTo = async (microphone: Microphone, place: HTMLElement, hearing: Hearing): Promise<void> => {
  const { model, settings, announce, follow } = hearing;
  const { sampleRateHz } = microphone;
  const { classes, name } = model.metadata;
  const { windowSeconds } = settings();
  const title = `Microphone, ${new Date().toLocaleTimeString()}`;
  const card = createCard(title, place);
  card.onRemove(microphone.close);
  const meter = element("meter", { min: 0, max: 1, high: 0.98, value: 0, "aria-label": "Level of the microphone" });
  const { table, body } = scoreTable("Now");
  const timeline = createTimeline({
    name: "microphone",
    classes,
    lastSeconds: shownSeconds,
    onEvents: (events) => {
      const last = events.at(-1);
      if (last) announce(`${last.label} ${formatScore(last.score)}, at ${formatSeconds(last.startSeconds)}`);
    },
  });
  const now = element(
    "div",
    { class: "live" },
    element("p", { class: "row" }, element("span", {}, "Level"), meter),
    table,
  );
  card.body.replaceChildren(now, timeline.root);
  follow(timeline);

  const tape = createTape(sampleRateHz);
  const scroll = createScroll(timeline.sound, sampleRateHz);
  const tap = new TransformStream<Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>>({
    transform: (block, controller) => {
      tape.add(block.slice());
      scroll(block);
      meter.value = Math.max(peakOf(block), meter.value * 0.8);
      timeline.reach(tape.seconds());
      controller.enqueue(block);
    },
  });
  const stream = microphone.stream.pipeThrough(tap);
  const hopSeconds = Math.min(windowSeconds, Math.max(leastHopSeconds, windowSeconds * hopShare));
  card.say(`Listening. The first answer comes when ${formatSeconds(windowSeconds)} are heard.`);
  let [late, skipped] = [0, 0];
  try {
    const source = { stream, sampleRateHz, name: "microphone" };
    for await (const window of model.listen(source, { windowSeconds, hopSeconds, isLive: true, top: shownScores })) {
      timeline.add(window);
      fillScores(body, rankClasses(window.scores, classes, shownScores));
      late = window.latencySeconds;
      skipped += window.skipped;
      const behind = skipped === 0 ? "" : `; this device is slower than the sound, and leaves windows out: ${skipped}`;
      card.say(`Listening, ${formatSeconds(late)} behind${behind}`);
    }
  } catch (error) {
    card.fail(describeProblem(error));
  } finally {
    microphone.close();
  }
  if (microphone.isGone()) card.fail("The microphone is gone: what was heard until then is below.");
  card.say(
    `${formatSeconds(tape.seconds())}, heard by ${name} in windows of ${formatSeconds(windowSeconds)}, one every ${formatSeconds(hopSeconds)}`,
  );

  // What is kept of it is a recording as others are.
  const [sound, fromSeconds] = [wavOf(tape.samples(), sampleRateHz), tape.heldFrom()];
  const player = createPlayer(title, sound, (seconds) => whole.mark(fromSeconds + seconds));
  card.onRemove(player.close);
  const whole = createTimeline({
    name: "microphone",
    classes,
    fromSeconds,
    play: (start, end) => player.play(start - fromSeconds, end - fromSeconds),
  });
  for (const window of timeline.windows()) whole.add(window);
  whole.reach(tape.seconds());
  follow(whole);
  const save = button("Save sound", () => saveFile("microphone.wav", sound), { class: "small" });
  card.body.replaceChildren(player.root, whole.root, element("p", { class: "row" }, save));
  const picture = await drawSound(sound, tape.seconds() - fromSeconds);
  if (picture) whole.showSound(picture.image, picture.seconds);
};
