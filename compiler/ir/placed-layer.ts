/** A layer with its place in the network: where it stands, what flows through it, what it holds and what it means. */
import type { Dim } from "../artifact/dim.ts";
import type { Extent, Layer } from "../../spec/dsl/layers.ts";
import type { Flow } from "./flow.ts";
import type { State } from "./graph.ts";

/** A tensor that a layer holds. */
export interface Held<Name extends string = string> {
  /** Below the layer's path. */
  readonly name: Name;
  readonly shape: readonly number[];
  readonly initializer: State["initializer"];
  /** Inputs per output, for initializers that scale with it. Default: the product of all lengths but the first. */
  readonly fanIn?: number;
}

/** What a layer means to a checkpoint and to other programs' forms of a network, beyond the shapes of its parameters. */
export interface LayerFacts {
  /** How it cuts a spectrogram. */
  readonly patch?: Extent;
  readonly stride?: Extent;
  readonly heads?: number;
  /** Of a layer norm. */
  readonly layerNormEps?: number;
  /** The name of an elementwise function. */
  readonly activation?: string;
  /** The tokens whose mean it gives, of whatever weights, or greatest values, named as in `Tokens.order`. */
  readonly pooling?: readonly string[];
  /** Outputs of a linear map that may be a classifier. */
  readonly units?: number;
  /** How many clips it needs at once while training, where that is more than one. */
  readonly clipsAtOnce?: number;
  /** How many values of a clip it draws while training. */
  readonly drawnPerClip?: Dim;
  /** The layers that it leaves something for beside what flows. */
  readonly leaves?: string;
  /** The path of a layer before it that left something. */
  readonly hears?: string;
  /** Inference passes it by. */
  readonly trainingOnly?: true;
}

export interface PlacedLayer {
  readonly layer: Layer;
  /** Prefixes the names of its parameters and nodes. */
  readonly path: string;
  /** The layers inside it. */
  readonly inner: readonly PlacedLayer[];
  readonly takes: Flow;
  readonly gives: Flow;
  /** What is trained. */
  readonly parameters: readonly Held[];
  /** What it keeps of the batches that it has seen. */
  readonly statistics: readonly Held[];
  readonly facts: LayerFacts;
}

/** A network's layers in order, and after each the layers inside it. */
export const withInner = (network: readonly PlacedLayer[]): readonly PlacedLayer[] =>
  network.flatMap((placed) => [placed, ...withInner(placed.inner)]);

/** Whether training leaves all its parameters as they are: then it is in training as at inference. */
export const isFrozen = ({ path, parameters }: PlacedLayer, rateFactors: ReadonlyMap<string, number>): boolean =>
  parameters.length > 0 && parameters.every((held) => rateFactors.get(heldName({ path }, held)) === 0);

/** How many clips training needs at once. */
export const clipsNeeded = (network: readonly PlacedLayer[], rateFactors: ReadonlyMap<string, number>): number =>
  withInner(network)
    .filter((placed) => !isFrozen(placed, rateFactors))
    .reduce((most, { facts }) => Math.max(most, facts.clipsAtOnce ?? 1), 1);

/** The full name of what a layer holds. */
export const heldName = ({ path }: Pick<PlacedLayer, "path">, { name }: Pick<Held, "name">): string =>
  `${path}.${name}`;
