/** Several models of one family, to be compared with one another. */
import type { Model } from "./model.ts";

/** For some of the options the values that each takes. */
export type Grid<Options> = { readonly [Name in keyof Options]: readonly Exclude<Options[Name], undefined>[] };

/** Several models, which differ in the options that one function makes them of. */
export interface Variants {
  readonly kind: "variants";
  /** Makes a model of a variant's options. */
  readonly make: (options: never) => Model;
  /** Of options the values to combine, or a list of options, each of a variant. */
  readonly over: object;
  /** Seeds that each variant is trained with: so many from its own on, or these. Default: its own. */
  readonly seeds?: number | readonly number[];
}

/** What a function makes a model of. */
type OptionsOf<Make extends (options: never) => Model> = NonNullable<Parameters<Make>[0]>;

/**
 * Models to be compared, as the default export of a spec: `variants(ast, { stride: [16, 14, 12, 10] })`.
 * `compile --variant NAME` compiles one of them, `runtime sweep` compiles, trains and measures all.
 * @param make Makes a model of options: `ast`, or a function of your own
 * @param over Of options the values to combine: `{ stride: [16, 10], frames: [512, 1024] }` are four variants. Or a list of options,
 * each of a variant, for what belongs together: `[{ patch: 16, stride: 16 }, { patch: 32, stride: 32 }]`. A variant is called by what
 * it has of its own, `stride=16`; one of a list whose options have names, by these
 * @param options.seeds So many seeds, from the model's own on, or a list of them, with each of which every variant is trained. Default:
 * the model's own.
 */
export const variants = <Make extends (options: never) => Model>(
  make: Make,
  over: Grid<OptionsOf<Make>> | readonly OptionsOf<Make>[],
  {
    seeds,
  }: {
    /** Seeds that each variant is trained with: so many from its own on, or these. Default: its own. */
    readonly seeds?: number | readonly number[];
  } = {},
): Variants => ({ kind: "variants", make, over, ...(seeds === undefined ? {} : { seeds }) });
