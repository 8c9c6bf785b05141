import type { Clip, Split } from "./dataset.ts";
import { soundKinds } from "./synthesise.ts";

/** What messages call the data set. */
export const embeddedName = "the embedded sounds";

/** What the embedded sounds are called in a spec's `classes`. */
export const embeddedClasses = soundKinds;

/** How many sounds of each class there are, and the seed they all come from. */
const sounds = { train: 200, eval: 30, seed: 1 } as const;

/** The data set that needs no files: synthesised sounds, the same on every machine. */
export const embeddedClips = (classes: readonly string[]): readonly Clip[] =>
  soundKinds.flatMap((kind) =>
    Array.from({ length: sounds.train + sounds.eval }, (_, index): Clip => {
      const split: Split = index < sounds.train ? "train" : "test";
      return {
        name: `${kind} ${index} (embedded)`,
        source: { sound: { kind, index, seed: sounds.seed } },
        classIndices: [classes.indexOf(kind)],
        split,
      };
    }),
  );
