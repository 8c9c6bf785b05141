/** What a first model of a data set is, by how much there is to learn from. */

/** Where DeiT's authors publish its weights. */
const deitAddress = "https://dl.fbaipublicfiles.com/deit/";

interface Size {
  readonly name: "tiny" | "small" | "base";
  /** From so many clips to train on. */
  readonly fromClips: number;
  readonly parameters: string;
  /** Lines of a spec. */
  readonly lines: readonly string[];
  /** DeiT's, with which a spec of these lines begins. */
  readonly file: string;
  readonly learningRate: string;
  /** Parts in which a step is computed, to save memory. */
  readonly accumulate: number;
}

/** DeiT's three, the largest first: the more there is to learn from, the less a larger one learns by heart. */
const sizes: readonly [Size, ...Size[]] = [
  {
    name: "base",
    fromClips: 50_000,
    parameters: "86 M",
    lines: ["size: sizes.base384,", 'tokens: ["cls", "dist"],'],
    file: "deit_base_distilled_patch16_384-d0272ac0.pth",
    learningRate: "2e-5",
    accumulate: 4,
  },
  {
    name: "small",
    fromClips: 5000,
    parameters: "22 M",
    lines: ["size: sizes.small224,", 'tokens: ["cls"],'],
    file: "deit_small_patch16_224-cd65a155.pth",
    learningRate: "5e-5",
    accumulate: 2,
  },
  {
    name: "tiny",
    fromClips: 0,
    parameters: "5.4 M",
    lines: ["size: sizes.tiny224,", 'tokens: ["cls"],'],
    file: "deit_tiny_patch16_224-a1311bcf.pth",
    learningRate: "1e-4",
    accumulate: 1,
  },
];

export interface ChosenModel {
  /** Of a spec: size and tokens. */
  readonly lines: readonly string[];
  readonly learningRate: string;
  readonly accumulate: number;
  readonly epochs: number;
  /** The weights' file beside the spec, or its path; none: random weights. */
  readonly weights?: string;
  /** Where to get it, where it is to be downloaded. */
  readonly address?: string;
  /** What was chosen, and why, in words. */
  readonly told: readonly string[];
}

/** Passes over the data: a small one is gone through more often. */
const epochsOf = (clips: number): number => {
  if (clips < 1000) return 20;
  return clips < 10_000 ? 10 : 5;
};

/** @param weights a file, "none" for random ones, or undefined for those of ImageNet that fit the size */
export const chooseModel = (clips: number, weights: string | undefined): ChosenModel => {
  const epochs = epochsOf(clips);
  if (weights === "none") {
    return {
      lines: ["size: { width: 64, depth: 2, heads: 2 },"],
      learningRate: "1e-3",
      accumulate: 1,
      epochs: 2 * epochs,
      told: ["size: a small one from random weights, which need many times as many clips as pretrained ones"],
    };
  }
  const place = sizes.findIndex(({ fromClips }) => clips >= fromClips);
  const size = sizes[place] ?? sizes[0];
  const larger = sizes[place - 1];
  const why =
    larger === undefined
      ? `from ${size.fromClips.toLocaleString("en-US")} clips to train on`
      : `for fewer than ${larger.fromClips.toLocaleString("en-US")} clips to train on`;
  return {
    lines: size.lines,
    learningRate: size.learningRate,
    accumulate: size.accumulate,
    epochs,
    weights: weights ?? size.file,
    ...(weights === undefined ? { address: deitAddress + size.file } : {}),
    told: [
      `size: DeiT's ${size.name}, ${size.parameters} parameters, ${why}`,
      weights === undefined
        ? `weights: ${size.file}, taught by ImageNet's pictures; random ones would need many times as many clips`
        : `weights: ${weights}`,
    ],
  };
};
