/** A progress bar. */
import { SingleBar } from "cli-progress";
import { printable } from "../../compiler/artifact/printable.ts";

export interface Progress {
  /**
   * @param done how many are done, and which share of the next
   * @param status what is being done, such as `epoch 1/5  loss 0.693`
   */
  readonly update: (done: number, status: string) => void;
  /** Removes the bar, so that a line can be printed; the next update shows it again. */
  readonly clear: () => void;
}

/** Steps are slow or fast by turns of clip lengths; a long memory steadies the estimate. */
const estimateOver = 50;

/**
 * @param total how many steps or clips there will be
 * @param clipsPerUnit clips in one of them, for the rate
 * @param stream a terminal; without one, nothing is shown
 * @param before how many were done before, which the rate does not count
 */
export const createProgress = (
  total: number,
  clipsPerUnit: number,
  stream: NodeJS.WriteStream | undefined,
  before = 0,
): Progress => {
  if (!stream) return { update: () => undefined, clear: () => undefined };
  const bar = new SingleBar({
    format: "{status} [{bar}] {value}/{total}  {rate} clips/s  ETA {eta_formatted}",
    stream,
    barsize: 24,
    hideCursor: null,
    etaBuffer: estimateOver,
    formatValue: (value, _, type) => String(type === "value" ? Math.floor(value) : value),
    clearOnComplete: true,
    gracefulExit: false,
  });
  const started = performance.now();
  let isShown = false;
  const update = (done: number, text: string): void => {
    const status = printable(text);
    const seconds = (performance.now() - started) / 1000;
    const rate = (((done - before) * clipsPerUnit) / seconds).toFixed(1);
    if (isShown) bar.update(done, { status, rate });
    else bar.start(total, done, { status, rate });
    isShown = true;
  };
  const clear = (): void => {
    if (isShown) bar.stop();
    isShown = false;
  };
  return { update, clear };
};
