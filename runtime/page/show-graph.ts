/** Which graph hears, and where it computes. */
import { formatExact } from "../../compiler/artifact/format-number.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import type { Model } from "../library/model.ts";
import { byId, element, named } from "./parts/elements.ts";
import { formatSeconds } from "./parts/words.ts";

const row = (term: string, ...contents: readonly (Node | string)[]): readonly HTMLElement[] => [
  element("dt", {}, term),
  element("dd", {}, ...contents),
];

const describeDevice = ({ name, driver, isSoftware, reason }: Model["device"]): string =>
  [
    name,
    ...(driver === undefined ? [] : [driver]),
    ...(isSoftware === true ? ["a graphics card that the processor plays"] : []),
    ...(reason === undefined ? [] : [reason]),
  ].join("; ");

/** Shows a graph, and what it computes on. */
export const showGraph = ({ metadata, device }: Model): void => {
  const { name, classes, objective, sampleRateHz, leastSeconds, mostSeconds, parameters } = metadata;
  byId("name", HTMLElement).replaceChildren(named(name));
  document.title = `${name} – specgraph`;
  const lengths =
    leastSeconds === mostSeconds ? formatSeconds(mostSeconds) : `up to ${formatSeconds(mostSeconds)} at once`;
  const kind = objective === "multi-label" ? "any number of them at once" : "one of them at a time";
  const facts = byId("graph-facts", HTMLElement);
  facts.replaceChildren(
    ...row("Hears", `${lengths}, at ${formatExact(sampleRateHz)} Hz; ${kind}`),
    ...row("Has", `${formatExact(parameters)} parameters`),
    ...row("Computes on", describeDevice(device)),
  );
  facts.hidden = false;
  const list = byId("graph-classes", HTMLElement);
  list.querySelector("summary")?.replaceChildren(`${classes.length} ${plural(classes.length, "class", "classes")}`);
  list.querySelector("ul")?.replaceChildren(...classes.map((label) => element("li", {}, named(label))));
  list.hidden = false;
};
