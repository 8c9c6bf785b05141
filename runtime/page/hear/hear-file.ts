/** What is heard in a file: in a clip, all at once; in a longer recording, over its time. */
import type { Classification, Model } from "../../library/model.ts";
import type { AnswerCard } from "./answer-card.ts";
import { attentionButton } from "./attention.ts";
import { button, element } from "../parts/elements.ts";
import { pictureOf } from "./picture.ts";
import { createPlayer } from "../parts/player.ts";
import { fillScores, scoreTable } from "./score-table.ts";
import type { Settings } from "./settings.ts";
import { drawSound, secondsOf, type SoundPicture } from "./sound-picture.ts";
import { createTimeline, type Timeline } from "./timeline.ts";
import { describeProblem, formatScore, formatSeconds } from "../parts/words.ts";

export interface Hearing {
  readonly model: Model;
  readonly settings: () => Settings;
  /** Has it read out. */
  readonly announce: (text: string) => void;
  /** Told of a timeline, whose events follow the settings from then on. */
  readonly follow: (timeline: Timeline) => void;
}

const shownScores = 10;

const tellNotes = (notes: readonly string[]): string => notes.map((note) => `; ${note}`).join("");

/** The sound of a player as a picture; where the browser plays none, the player goes. */
const drawPlayed = async (sound: Blob, player: HTMLAudioElement): Promise<SoundPicture | undefined> => {
  const seconds = await secondsOf(player);
  if (seconds === undefined) player.remove();
  return seconds === undefined ? undefined : drawSound(sound, seconds);
};

const showClip = async (file: File, heard: Classification, card: AnswerCard, hearing: Hearing): Promise<void> => {
  const { model, announce } = hearing;
  const player = createPlayer(file.name, file);
  card.onRemove(player.close);
  const { table, body } = scoreTable("Scores");
  fillScores(body, heard.top);
  const figure = element("figure");
  const attention = attentionButton({ model, file, figure, onProblem: card.fail });
  const seen = element("div", {}, figure, player.root, element("p", { class: "row" }, attention));
  card.body.replaceChildren(element("div", { class: "beside" }, seen, table));
  card.say(`${formatSeconds(heard.secondsHeard)}, heard by ${model.metadata.name}${tellNotes(heard.notes)}`);
  const [best] = heard.top;
  if (best) announce(`${file.name}: ${best.label} ${formatScore(best.score)}`);
  const picture = await drawPlayed(file, player.root);
  if (picture === undefined) {
    const why = "The browser neither plays nor draws a sound of this format. The model hears it all the same.";
    figure.replaceChildren(element("figcaption", {}, why));
  } else {
    const { image, seconds, binsHz } = picture;
    const description = `Spectrogram of ${file.name}`;
    figure.replaceChildren(
      element("figcaption", {}, "Sound: frequency in Hz over seconds"),
      pictureOf({ images: [image], seconds, binsHz, description }),
    );
  }
};

const showRecording = async (file: File, heard: Classification, card: AnswerCard, hearing: Hearing): Promise<void> => {
  const { model, settings, announce, follow } = hearing;
  const { classes, name } = model.metadata;
  const { windowSeconds } = settings();
  const player = createPlayer(file.name, file, (seconds) => timeline.mark(seconds));
  const timeline = createTimeline({ name: file.name, classes, play: player.play });
  const total = heard.secondsTotal;
  const progress = element("progress", { max: total, "aria-label": `How much of ${file.name} is heard` });
  const stop = new AbortController();
  card.onRemove(() => stop.abort());
  card.onRemove(player.close);
  const going = element(
    "p",
    { class: "row" },
    progress,
    button("Stop", () => stop.abort(), { class: "small" }),
  );
  card.body.replaceChildren(going, player.root, timeline.root);
  follow(timeline);

  const drawn = drawPlayed(file, player.root).then((picture) => {
    if (picture === undefined) return;
    timeline.showSound(picture.image, picture.seconds);
  });
  const notes: string[] = [];
  let [reached, windows] = [0, 0];
  const onNote = (note: string): void => void notes.push(note);
  const options = { windowSeconds, hopSeconds: windowSeconds / 2, signal: stop.signal, top: 1, onNote };
  try {
    for await (const window of model.listen(file, options)) {
      timeline.add(window);
      [reached, windows] = [window.endSeconds, windows + 1];
      if (total !== undefined) progress.value = reached;
      card.say(`${formatSeconds(reached)}${total === undefined ? "" : ` of ${formatSeconds(total)}`} heard …`);
    }
    announce(`${file.name} is heard to its end`);
  } catch (error) {
    if (!stop.signal.aborted) card.fail(describeProblem(error));
  }
  going.remove();
  await drawn;
  const stopped = stop.signal.aborted ? `, until it was stopped at ${formatSeconds(reached)}` : "";
  card.say(
    `${formatSeconds(total ?? reached)}, heard by ${name} in ${windows} windows of ${formatSeconds(windowSeconds)}${stopped}${tellNotes(notes)}`,
  );
};

/** Hears a file, and fills its card. What is wrong with it is said there. */
export const hearFile = async (file: File, card: AnswerCard, hearing: Hearing): Promise<void> => {
  const { model } = hearing;
  card.say("Being heard …");
  try {
    const heard = await model.classify(file, { top: shownScores });
    const isLonger = heard.secondsTotal === undefined || heard.secondsTotal > model.metadata.mostSeconds;
    await (isLonger ? showRecording : showClip)(file, heard, card, hearing);
  } catch (error) {
    card.fail(describeProblem(error));
  }
};
