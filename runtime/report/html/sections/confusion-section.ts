import { type Html, html, scrollBox } from "../../../text/html.ts";
import type { EvaluationReport } from "./report-data.ts";

/** More classes would make cells too small to see; their confusions are listed all the same. */
const mostDrawn = 100;
const mostListed = 15;
/** The smallest cell with room for its number, in the drawing's units. */
const numberedSide = 20;
/** In the drawing's units: where the page is too narrow for it, the drawing scrolls in its box. */
const smallestText = 10;
/** In em. */
const widestLabel = 13;

interface Cell {
  readonly actual: number;
  readonly predicted: number;
  readonly clips: number;
  /** Of the actual class's clips. */
  readonly share: number;
}

const cellsOf = (confusion: Uint32Array, classes: number): readonly Cell[] => {
  const rows = Array.from({ length: classes }, (_, row) => confusion.subarray(row * classes, (row + 1) * classes));
  const totals = rows.map((row) => row.reduce((sum, clips) => sum + clips, 0));
  return [...confusion].flatMap((clips, index) => {
    const [actual, predicted] = [Math.floor(index / classes), index % classes];
    return clips === 0 ? [] : [{ actual, predicted, clips, share: clips / (totals[actual] ?? 1) }];
  });
};

const segmenter = new Intl.Segmenter();
/** What a reader takes for one character each: a letter with its accents, an emoji. */
const charactersOf = (label: string): readonly string[] =>
  Array.from(segmenter.segment(label), ({ segment }) => segment);

/** About how wide a text is, in em; Chinese, Japanese and Korean characters are square. */
const widthOf = (characters: readonly string[]): number =>
  characters.reduce((sum, character) => sum + (character < "\u1100" ? 0.58 : 1), 0);

const shorten = (label: string): string => {
  const characters = charactersOf(label);
  if (widthOf(characters) <= widestLabel) return label;
  const end = characters.findIndex((_, index) => widthOf(characters.slice(0, index + 1)) > widestLabel - 1);
  return `${characters.slice(0, end).join("")}…`;
};

const drawLabel = (label: string, attributes: Html): Html => {
  const shown = shorten(label);
  return html`<text ${attributes}>${shown}${shown === label ? null : html`<title>${label}</title>`}</text>`;
};

/** Names of any direction of writing keep their places in a line: bdi for where there are no elements. */
const isolate = (label = ""): Html => html`&#x2068;${label}&#x2069;`;

const heatMap = (cells: readonly Cell[], labels: readonly string[]): Html => {
  const side = Math.max(10, Math.min(30, 700 / labels.length));
  const font = Math.min(12, side * 0.85);
  const room = Math.ceil(Math.max(...labels.map((label) => widthOf(charactersOf(shorten(label))))) * font) + 12;
  const size = Math.ceil(room + side * labels.length + 2);
  const hasNumbers = side >= numberedSide;
  const middle = (index: number): number => room + (index + 0.5) * side;
  // numbers stay readable on their cells, whose shades are paler therefore
  const shade = (share: number): string => (hasNumbers ? 0.08 + 0.42 * share : 0.12 + 0.88 * share).toFixed(3);
  const drawNumber = ({ actual, predicted, clips }: Cell): Html => {
    const size = Math.min(font, (side - 4) / (0.6 * String(clips).length));
    const [x, y] = [middle(predicted), middle(actual) + size / 3];
    return html`<text x="${x}" y="${y}" font-size="${size}" text-anchor="middle">${clips}</text>`;
  };
  const drawCell = (cell: Cell): Html => {
    const { actual, predicted, clips, share } = cell;
    const [x, y] = [room + predicted * side, room + actual * side];
    const percent = (100 * share).toFixed(0);
    return html`<g class="${actual === predicted ? "right" : "wrong"}"
      ><rect x="${x}" y="${y}" width="${side - 1}" height="${side - 1}" fill-opacity="${shade(share)}" />${
        hasNumbers ? drawNumber(cell) : null
      }<title>${isolate(labels[actual])} → ${isolate(labels[predicted])}: ${clips} (${percent} %)</title></g
    >`;
  };
  const leastWidth = Math.ceil((size * Math.min(font, smallestText)) / font);
  return html`<svg
    class="confusion"
    style="--least:${leastWidth}px;--most:${Math.ceil(size * 1.15)}px"
    viewBox="0 0 ${size} ${size}"
    role="img"
    aria-label="confusion matrix"
    font-size="${font}"
  >
    <desc>Rows are the actual classes, columns the predicted ones. The most frequent confusions are in the table.</desc>
    <rect class="empty" x="${room}" y="${room}" width="${side * labels.length}" height="${side * labels.length}" />
    ${labels.map((label, index) => {
      const line = middle(index) + font / 3;
      return [
        drawLabel(label, html`x="${room - 6}" y="${line}" text-anchor="end"`),
        drawLabel(label, html`transform="translate(${line} ${room - 6}) rotate(-90)"`),
      ];
    })}
    ${cells.map(drawCell)}
  </svg>`;
};

/** Which classes are taken for which; of single-label models. */
export const confusionSection = ({ confusion, perClass }: EvaluationReport): Html | null => {
  if (!confusion) return null;
  const labels = perClass.map(({ label }) => label);
  const cells = cellsOf(confusion, labels.length);
  const wrong = cells.filter(({ actual, predicted }) => actual !== predicted).sort((a, b) => b.clips - a.clips);
  const drawn = labels.length <= mostDrawn ? heatMap(cells, labels) : null;
  return html`<section>
    <h3>Confusions</h3>
    ${drawn && html`<p>Rows are the actual classes, columns the predicted ones; shades are shares of a row.</p>`}
    <div class="beside">
      ${drawn && scrollBox("confusion matrix", drawn)}
      ${
        wrong.length === 0
          ? html`<p>No clip is taken for another class.</p>`
          : html`<table>
              <thead>
                <tr>
                  <th scope="col">actual</th>
                  <th scope="col">predicted</th>
                  <th scope="col" class="number">clips</th>
                  <th scope="col" class="number">share</th>
                </tr>
              </thead>
              <tbody>
                ${wrong.slice(0, mostListed).map(
                  ({ actual, predicted, clips, share }) =>
                    html`<tr>
                      <td><bdi>${labels[actual] ?? ""}</bdi></td>
                      <td><bdi>${labels[predicted] ?? ""}</bdi></td>
                      <td class="number">${clips}</td>
                      <td class="number">${(100 * share).toFixed(0)} %</td>
                    </tr>`,
                )}
              </tbody>
            </table>`
      }
    </div>
    ${wrong.length > mostListed ? html`<p>The ${mostListed} most frequent of ${wrong.length} confusions are listed.</p>` : null}
  </section>`;
};
