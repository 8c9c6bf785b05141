/** What a checkpoint does otherwise than the spec, without being refused for it. */
import type { NormalizedSpec } from "../ir/normalized-spec.ts";
import { withInner } from "../ir/placed-layer.ts";
import type { ImportContext } from "./import-context.ts";
import { usesClassifier } from "./plan.ts";

const printTokens = (names: readonly string[]): string => names.join(" and ");

/** What a classifier reads is part of what it means. */
export const poolingWarnings = (context: ImportContext): readonly string[] => {
  const { source, target } = context;
  const { pooling = [] } = target;
  if (!usesClassifier(context)) return [];
  if (source.layout.name === "SSAST") {
    return [
      "its classifier reads the mean of the patches (ft_avgtok) or of the tokens (ft_cls), which the file does not tell; " +
        `the spec's reads that of ${printTokens(pooling)}`,
    ];
  }
  const { pooling: own } = source.facts;
  if (own === undefined || String(own.toSorted()) === String(pooling.toSorted())) return [];
  return [`its classifier reads the mean of ${printTokens(own)}, the spec's that of ${printTokens(pooling)}`];
};

/** Each kind of objective with what its scores are. */
const scoresOf = {
  "multi-label": "independent scores (multi-label)",
  "single-label": "scores that sum to one (single-label)",
} as const;

/** With the same weights, another function. */
export const functionWarnings = (context: ImportContext, { objective }: NormalizedSpec): readonly string[] => {
  const { source, target } = context;
  const { activation, objective: own } = source.facts;
  const isOther = activation !== undefined && target.activation !== undefined && activation !== target.activation;
  return [
    ...(isOther
      ? [`its activation is ${activation}, the spec's ${target.activation}: the same weights compute something else`]
      : []),
    ...(own !== undefined && own !== objective && usesClassifier(context)
      ? [`its classifier was trained for ${scoresOf[own]}, the spec's gives ${scoresOf[objective]}`]
      : []),
  ];
};

const printEpsilons = (...epsilons: readonly number[]): string =>
  [...new Set(epsilons)].map((eps) => eps.toExponential()).join(" and ");

/** Differences that an import may have. */
export const listNotes = ({ source }: ImportContext, { network, features }: NormalizedSpec): readonly string[] => {
  const { layerNormEps, features: own } = source.facts;
  const epsilons = withInner(network).flatMap(({ facts }) => facts.layerNormEps ?? []);
  const notes: string[] = [];
  if (layerNormEps !== undefined && epsilons.some((eps) => eps !== layerNormEps)) {
    notes.push(`its layer norms have eps ${printEpsilons(layerNormEps)}, the spec's ${printEpsilons(...epsilons)}`);
  }
  if (own && own.frames !== features.frames) {
    notes.push(`its clips are ${own.frames} frames long, the spec's ${features.frames}`);
  }
  return notes;
};
