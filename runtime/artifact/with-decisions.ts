import type { Decisions } from "../../compiler/artifact/decisions.ts";
import { metadataKey } from "../../compiler/artifact/metadata.ts";
import type { Artifact } from "./decode-artifact.ts";

const key = metadataKey("decisions");

/** The artifact with these decisions in the place of its own; undefined: with none, as of parameters that are no longer those that were measured. */
export const withDecisions = (artifact: Artifact, decisions: Decisions | undefined): Artifact => {
  const { metadata, model } = artifact;
  const others = (model.metadataProps ?? []).filter((property) => property.key !== key);
  const own = decisions === undefined ? [] : [{ key, value: JSON.stringify(decisions) }];
  return {
    ...artifact,
    metadata: { ...metadata, decisions },
    model: { ...model, metadataProps: [...others, ...own] },
  };
};
