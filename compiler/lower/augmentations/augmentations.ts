/** The augmentations, in the order in which they are applied: the reference's (dataloader.py). */
import type { Augmentation } from "../../../spec/dsl/augmentation.ts";
import type { AugmentationRow } from "./augmentation.ts";
import { maskFrequency, maskTime } from "./masks.ts";
import { mixup } from "./mixup.ts";
import { noise } from "./noise.ts";
import { roll } from "./roll.ts";

const rows: { readonly [Kind in Augmentation["kind"]]: AugmentationRow<Extract<Augmentation, { kind: Kind }>> } = {
  mixup,
  maskFrequency,
  maskTime,
  noise,
  roll,
};

/** The kinds in that order. */
export const augmentationOrder = Object.keys(rows) as readonly Augmentation["kind"][];

/** The row of an augmentation. */
export const augmentationRow = ({ kind }: Augmentation): AugmentationRow<Augmentation> => rows[kind];
