/** What is measured: AST in the sizes that are trained, at the lengths of the paper's data sets, in batches that fit 16 GB. */

export interface Case {
  readonly name: string;
  readonly kind: "train" | "infer" | "features" | "compile" | "infer-cli" | "pipeline";
  /** Of the network. */
  readonly width: number;
  readonly heads: number;
  /** Of 10 ms. */
  readonly frames: number;
  /** Clips at once. */
  readonly batch: number;
  /** Timed turns of a round, after one that warms up. */
  readonly turns: number;
}

const sizes = {
  tiny: { width: 192, heads: 3 },
  small: { width: 384, heads: 6 },
  base384: { width: 768, heads: 12 },
} as const;

const networks = [
  { size: "tiny", frames: 128, batch: 16, turns: 8 },
  { size: "tiny", frames: 1024, batch: 4, turns: 4 },
  { size: "small", frames: 512, batch: 4, turns: 4 },
  { size: "base384", frames: 512, batch: 2, turns: 3 },
  { size: "base384", frames: 1024, batch: 1, turns: 3 },
] as const;

const tiny = { ...sizes.tiny, frames: 1024, batch: 1 } as const;

export const cases: readonly Case[] = [
  ...(["train", "infer"] as const).flatMap((kind) =>
    networks.map(({ size, ...rest }) => ({ name: `${kind}-${size}-${rest.frames}`, kind, ...sizes[size], ...rest })),
  ),
  { name: "features", kind: "features", ...tiny, turns: 20 },
  { name: "compile", kind: "compile", ...tiny, turns: 3 },
  { name: "infer-cli", kind: "infer-cli", ...tiny, turns: 3 },
  { name: "infer-cli-base384", kind: "infer-cli", ...sizes.base384, frames: 1024, batch: 1, turns: 3 },
  { name: "pipeline", kind: "pipeline", ...sizes.tiny, frames: 128, batch: 16, turns: 12 },
];

/** A spec of the case's network. */
export const specOf = ({ width, heads, frames, batch }: Case): string => `import { adamW } from "specgraph";
import { ast } from "specgraph/ast";

export default ast({
  name: "bench",
  size: { width: ${width}, depth: 12, heads: ${heads} },
  frames: ${frames},
  training: { optimizer: adamW({ learningRate: 1e-5, weightDecay: 0.01 }), batch: ${batch}, epochs: 1 },
});
`;
