/** Clips of none of the classes: what a model is to stay silent at. They are trained on, and reported as no class. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Clip } from "./dataset.ts";

/** What the folder or the label of such clips is called, in any case. */
const backgroundNames: ReadonlySet<string> = new Set(["background", "_background"]);

/** What we call it ourselves. */
export const backgroundLabel = "_background";

const isBackgroundName = (name: string): boolean => backgroundNames.has(name.toLowerCase());

/** @param classes the graph's: one called so makes every such label that class's */
export const isBackgroundLabel = (label: string, classes: Iterable<string>): boolean =>
  isBackgroundName(label) && ![...classes].some(isBackgroundName);

export const isBackground = ({ classIndices }: Pick<Clip, "classIndices">): boolean => classIndices.length === 0;

/** What stands for a clip's class where clips are dealt out class by class: its first. */
export const groupOf = ({ classIndices }: Pick<Clip, "classIndices">): number => classIndices[0] ?? -1;

/**
 * What training has a background clip score in each class: 0, or, where scores are shares of one, the same in all
 * (outlier exposure, Hendrycks, Mazeika, Dietterich 2019).
 */
export const backgroundTarget = ({ objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">): number =>
  objective === "single-label" ? 1 / classes.length : 0;
