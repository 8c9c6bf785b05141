/** What a model sees of a clip, and where in it its attention lies. */
import type { Model } from "../../library/model.ts";
import { attentionShares } from "../../report/figures/attention-shares.ts";
import { layerImage } from "../../report/figures/layer-image.ts";
import { greys, spectrogramImage } from "../../report/figures/spectrogram-image.ts";
import { button, element } from "../parts/elements.ts";
import { pictureOf } from "./picture.ts";
import { describeProblem } from "../parts/words.ts";

const widest = 1600;

const look = async (model: Model, file: File): Promise<readonly Node[]> => {
  const { spectrogram, attention } = await model.explain(file, { top: 1 });
  const { values, framesHeard, bins, binsHz, frameShiftSeconds } = spectrogram;
  const { shares, least, most } = attentionShares(attention, framesHeard, bins);
  const seen = spectrogramImage(values.subarray(0, framesHeard * bins), bins, { widest, palette: greys });
  const caption = `What the model sees; amber: where its attention lies, ${least.toFixed(1)} to ${most.toFixed(1)} times the mean`;
  const picture = pictureOf({
    images: [seen, layerImage(shares, framesHeard, "amber")],
    seconds: framesHeard * frameShiftSeconds,
    binsHz,
    description: `${file.name}: ${caption}`,
  });
  return [element("figcaption", {}, caption), picture];
};

interface AttentionOptions {
  readonly model: Model;
  readonly file: File;
  /** Where it is shown, in the place of what is there, which comes back. */
  readonly figure: HTMLElement;
  readonly onProblem: (sentence: string) => void;
}

/** A button that shows it and takes it away. It is asked for when it is first pressed, as the graph is opened once more for it. */
export const attentionButton = ({ model, file, figure, onProblem }: AttentionOptions): HTMLButtonElement => {
  let before: readonly Node[] = [];
  let seen: readonly Node[] | undefined;
  const press = async (): Promise<void> => {
    const isShown = toggle.getAttribute("aria-pressed") === "true";
    toggle.disabled = true;
    try {
      seen ??= await look(model, file);
      if (!isShown) before = [...figure.childNodes];
      figure.replaceChildren(...(isShown ? before : seen));
      toggle.setAttribute("aria-pressed", String(!isShown));
    } catch (error) {
      onProblem(describeProblem(error));
    } finally {
      toggle.disabled = false;
      toggle.focus();
    }
  };
  const toggle = button("Attention", () => void press(), { class: "small", "aria-pressed": "false" });
  return toggle;
};
