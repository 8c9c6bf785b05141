import type { Layer } from "../../spec/dsl/layers.ts";
import { channelsOf, type Image, type Tokens } from "../ir/flow.ts";
import type { FlowCall } from "./layer.ts";

export const divisors = (value: number): readonly number[] =>
  Array.from({ length: value }, (_, index) => index + 1).filter((candidate) => value % candidate === 0);

/** Whether the width, or an image's channels, falls into as many equal parts as an option says. */
export const checkDivides = (
  { takes, isWrong, misfit }: FlowCall<Layer, Image | Tokens>,
  option: "heads" | "groups",
  parts: number,
): void => {
  const width = channelsOf(takes);
  if (isWrong || width % parts === 0) return;
  const choices = divisors(width)
    .filter((divisor) => divisor <= 4 * parts)
    .join(", ");
  misfit(
    `${option}-divide-width`,
    `${takes.kind === "image" ? `an image of ${width} channels` : `a width of ${width}`} cannot be divided among ${parts} ${option}`,
    option,
    `choose one of ${choices}`,
  );
};
