import { html, type Html } from "./html.ts";
import type { EvaluationReport } from "./report-data.ts";

/** More classes would make cells too small to see; their confusions are listed all the same. */
const mostDrawn = 100;
const mostListed = 15;
/** The smallest cell with room for its number, in the drawing's units. */
const numberedSide = 20;

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

const shorten = (label: string): string => (label.length > 22 ? `${label.slice(0, 21)}…` : label);

const heatMap = (cells: readonly Cell[], labels: readonly string[]): Html => {
  const side = Math.max(9, Math.min(42, 700 / labels.length));
  const font = Math.min(12, side * 0.85);
  const room = Math.max(...labels.map((label) => shorten(label).length)) * font * 0.58 + 12;
  const size = Math.ceil(room + side * labels.length + 2);
  const middle = (index: number): number => room + (index + 0.5) * side;
  const drawCell = ({ actual, predicted, clips, share }: Cell): Html =>
    html`<g class="${actual === predicted ? "right" : "wrong"}"
      ><rect
        x="${room + predicted * side}"
        y="${room + actual * side}"
        width="${side - 1}"
        height="${side - 1}"
        fill-opacity="${(0.12 + 0.88 * share).toFixed(3)}"
        ><title>
          ${labels[actual] ?? ""} → ${labels[predicted] ?? ""}: ${clips} (${(100 * share).toFixed(0)} %)
        </title></rect
      >${
        side < numberedSide
          ? null
          : html`<text
              class="${share > 0.5 ? "on" : ""}"
              x="${middle(predicted)}"
              y="${middle(actual) + 4}"
              text-anchor="middle"
              >${clips}</text
            >`
      }</g
    >`;
  return html`<svg
    class="confusion ${side < numberedSide ? "large" : ""}"
    style="max-width:${size}px"
    viewBox="0 0 ${size} ${size}"
    role="img"
    aria-label="confusion matrix"
    font-size="${font}"
  >
    <rect class="empty" x="${room}" y="${room}" width="${side * labels.length}" height="${side * labels.length}" />
    ${labels.map(
      (label, index) =>
        html`<text x="${room - 6}" y="${middle(index) + font / 3}" text-anchor="end">${shorten(label)}</text
          ><text transform="translate(${middle(index) + font / 3} ${room - 6}) rotate(-90)">${shorten(label)}</text>`,
    )}
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
    <h2>Confusions</h2>
    ${drawn && html`<p>Rows are the actual classes, columns the predicted ones; shades are shares of a row.</p>`}
    <div class="beside">
      ${drawn}
      ${
        wrong.length === 0
          ? html`<p>No clip is taken for another class.</p>`
          : html`<table>
              <thead>
                <tr>
                  <th>actual</th>
                  <th>predicted</th>
                  <th class="number">clips</th>
                  <th class="number">share</th>
                </tr>
              </thead>
              <tbody>
                ${wrong.slice(0, mostListed).map(
                  ({ actual, predicted, clips, share }) =>
                    html`<tr>
                      <td>${labels[actual] ?? ""}</td>
                      <td>${labels[predicted] ?? ""}</td>
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
