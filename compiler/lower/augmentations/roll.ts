import type { Dim } from "../../artifact/dim.ts";
import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { checkNumbers } from "../../diagnostics/report.ts";
import type { Value } from "../../ir/graph.ts";
import type { Builder } from "../../ops/builder.ts";
import { progression } from "../../ops/progression.ts";
import type { Roll } from "../../../spec/dsl/augmentation.ts";
import type { AugmentationRow } from "./augmentation.ts";

/**
 * For each frame the one that a roll by `shift` [batch] takes it from: (frame - shift) modulo frames, int32 [batch, frames]. In
 * float32, as WebGPU has no modulo; half a frame is added so that a quotient's rounding turns no whole number into the one below.
 * @param ownFrames of each clip, [batch, 1], where not all are: those after them stay
 */
const sourceFrames = (b: Builder, shift: Value, frames: Dim, ownFrames: Value | undefined): Value => {
  const [batch = "batch"] = shift.type.shape;
  const middles = progression(b, "augmentation/frame-middles", 0.5, 1, [frames]);
  const source = b.sub(middles, b.reshape(shift, { shape: [batch, 1] }));
  const own = ownFrames ?? b.scalar(Number(frames));
  const turns = b.floor(b.div(source, own));
  const rolled = b.sub(source, b.mul(turns, own));
  const sources = ownFrames ? b.where(b.less(middles, ownFrames), rolled, middles) : rolled;
  return b.cast(sources, { to: onnxTypeNumbers.int32 });
};

export const roll: AugmentationRow<Roll> = {
  on: "features",
  settle: (written, features, report) => {
    const { from = -10, to = 9 } = written;
    if (!checkNumbers(report, written, { from: "a whole number", to: "a whole number" }))
      return { ...written, from, to };
    // Clips that have lengths of their own are turned by these.
    const turn = features?.anyLength ? undefined : features?.frames;
    if (from > to) {
      report.add("roll-range", `the roll is from ${from} to ${to} frames; expected from <= to`, written);
    } else if (from === to && (from === 0 || (turn !== undefined && from % turn === 0))) {
      const whole = from === 0 ? "" : `, whole turns of ${turn}`;
      report.add("no-effect", `the roll is of ${from} frames${whole}, which moves none; expected from < to`, written);
    }
    return { ...written, from, to };
  },
  words: ({ from, to }) => `roll of ${from} to ${to} frames`,
  lower: (b, { signal, ...rest }, { from, to }) => {
    const { shape } = signal.type;
    const [batch = "batch", frames = 1] = shape;
    const shift = b.draw("roll", { dtype: "float32", shape: [batch] }, { kind: "integer", from, to });
    const sources = b.reshape(sourceFrames(b, shift, frames, rest.ownFrames), { shape: [batch, frames, 1] });
    const everywhere = b.expand(sources, b.shape(signal), { to: shape });
    return { ...rest, signal: b.gatherElements(signal, everywhere, { axis: 1 }) };
  },
};
