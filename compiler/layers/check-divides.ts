import type { Layer } from "../../spec/dsl/layers.ts";
import type { Tokens } from "../ir/flow.ts";
import type { FlowCall } from "./layer.ts";

const divisors = (value: number): readonly number[] =>
  Array.from({ length: value }, (_, index) => index + 1).filter((candidate) => value % candidate === 0);

/** Whether the width falls into as many equal parts as an option says. */
export const checkDivides = (
  { takes: { width }, isWrong, misfit }: FlowCall<Layer, Tokens>,
  option: "heads" | "groups",
  parts: number,
): void => {
  if (isWrong || width % parts === 0) return;
  const choices = divisors(width)
    .filter((divisor) => divisor <= 4 * parts)
    .join(", ");
  misfit(
    `${option}-divide-width`,
    `a width of ${width} cannot be divided among ${parts} ${option}`,
    option,
    `choose one of ${choices}`,
  );
};
