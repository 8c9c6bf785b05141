import { formatFigure } from "../../../../compiler/artifact/format-number.ts";
import { barCell } from "../charts/bar-cell.ts";
import { html, type Html } from "../../../text/html.ts";
import type { ScoredLabel, WorstClip } from "./report-data.ts";

const scoreRow = ({ label, score, isTrue }: ScoredLabel): Html =>
  html`<tr class="${isTrue ? "right" : "wrong"}">
    <th scope="row">${isTrue ? "✓ " : ""}<bdi>${label}</bdi></th>
    ${barCell(score)}
  </tr>`;

/** The folder that all files are in, with its slash; empty where there is none. */
const commonFolder = (names: readonly string[]): string => {
  const [first = [], ...others] = names.map((name) => name.split("/").slice(0, -1));
  const differs = first.findIndex((part, index) => others.some((parts) => parts[index] !== part));
  return first
    .slice(0, differs === -1 ? first.length : differs)
    .map((part) => `${part}/`)
    .join("");
};

const drawn = ({ name, spectrogram }: WorstClip): Html =>
  "missing" in spectrogram
    ? html`<p class="missing">No spectrogram: ${spectrogram.missing}</p>`
    : html`<img src="${spectrogram.dataUri}" alt="log-mel spectrogram of ${name}" />
        <p class="time"><span>0 s</span><span>${spectrogram.seconds.toFixed(2)} s</span></p>`;

/** Embedded sounds are part of the page; others are files. */
const isFile = (url: string | undefined): url is string => url !== undefined && !url.startsWith("data:");

const named = ({ sounds: [url] }: WorstClip, name: string): Html =>
  isFile(url) ? html`<a href="${url}"><bdi>${name}</bdi></a>` : html`<bdi>${name}</bdi>`;

const player = ({ name, sounds }: WorstClip): Html | null =>
  sounds.length === 0
    ? null
    : html`<audio controls preload="none" aria-label="${name}">
        ${sounds.map((url) => html`<source src="${url}" />`)}
      </audio>`;

const card = (clip: WorstClip, folder: string): Html =>
  html`<figure class="clip">
    <figcaption>
      <b>${named(clip, clip.name.slice(folder.length))}</b><span>loss ${formatFigure(clip.loss)}</span>
    </figcaption>
    ${drawn(clip)} ${player(clip)}
    <table aria-label="scores">
      <tbody>
        ${clip.labels.map(scoreRow)}
      </tbody>
    </table>
  </figure>`;

/** The clips that the model is most wrong about. */
export const worstClipsSection = (clips: readonly WorstClip[]): Html => {
  const folder = commonFolder(clips.map(({ name }) => name));
  return html`<section>
    <h3>Worst clips</h3>
    <p>
      The evaluation clips with the highest loss, each with its own classes (✓), the highest scores of others, and what
      the model hears: log-mel features, low bins at the bottom.
      ${folder === "" ? null : html`Files are in <bdi>${folder}</bdi>.`}
      ${
        clips.some(({ sounds: [url] }) => isFile(url))
          ? "Players read the files, which are not part of this page: sent without them, it is silent."
          : null
      }
    </p>
    <div class="clips">${clips.map((clip) => card(clip, folder))}</div>
  </section>`;
};
