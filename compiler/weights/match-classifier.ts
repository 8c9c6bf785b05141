/** The checkpoint's classifier, its rows' names, and the spec's classes that they are for. */
import { sameShape } from "../ir/shape.ts";
import type { State } from "../ir/graph.ts";
import { readClassNames } from "./read-class-names.ts";
import type { Geometry } from "./facts/geometry.ts";
import type { ImportContext } from "./import-context.ts";
import { referenceName } from "./layouts/reference-name.ts";
import { type ClassMatch, matchClasses } from "./match-classes.ts";
import type { MatchedCheckpoint } from "./match-layout.ts";
import { isReferenceName } from "./plan.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";

const readLabels = (path: string): readonly string[] => {
  const names = readClassNames(path);
  if (typeof names === "string") throw new CheckpointError(path, `cannot give the checkpoint's class names: ${names}`);
  return names;
};

const nameThem = 'name its classes: checkpoint({ labels: "FILE.csv" }) or --weights-labels';

/** A layer's name in the reference, or its own. */
const layerName = (path: string): string => referenceName(`${path}.weight`)?.replace(/\.weight$/, "") ?? path;

/** The spec's classifier, if the checkpoint has one of the same name and form. */
const findClassifier = (
  source: MatchedCheckpoint,
  { classifier }: Geometry,
  states: readonly State[],
): string | undefined => {
  if (classifier === undefined) return undefined;
  const name = layerName(classifier);
  const shape = source.tensors.get(`${name}.weight`)?.shape;
  const own = source.facts.classifier;
  if (!shape || (own !== undefined && layerName(own) !== name)) return undefined;
  const state = states.find(({ value }) => value.name === `${classifier}.weight`);
  const isSameForm = state !== undefined && sameShape(shape.slice(1), state.value.type.shape.slice(1));
  // The reference's head reads the same width in every checkpoint that fits; if not, that is said of its tensor.
  return isSameForm || isReferenceName(name) ? name : undefined;
};

const matchRows = (
  source: MatchedCheckpoint,
  classifier: string | undefined,
  labels: string | undefined,
  classes: readonly string[],
): ClassMatch | undefined => {
  const rows = source.tensors.get(`${classifier}.weight`)?.shape[0];
  if (rows === undefined) {
    if (labels === undefined) return undefined;
    throw new CheckpointError(source.path, `has no audio classifier whose classes ${labels} could name`);
  }
  const names = labels === undefined ? source.facts.classNames : readLabels(labels);
  if (typeof names === "string") throw new CheckpointError(source.path, `${names}; ${nameThem}`);
  const matched = matchClasses(classes, names, rows);
  if (typeof matched === "string") throw new CheckpointError(source.path, matched);
  return matched;
};

/**
 * @param names the spec's class names
 * @throws CheckpointError where names do not fit the classifier
 */
export const matchClassifier = (
  { source, target, options: { labels } }: Pick<ImportContext, "source" | "target" | "options">,
  names: readonly string[],
  states: readonly State[],
): Pick<ImportContext, "classifier" | "classes"> => {
  const classifier = findClassifier(source, target, states);
  return { classifier, classes: matchRows(source, classifier, labels, names) };
};
