/** How a parameter starts when no checkpoint fills it. */

/** The values that a parameter begins with. */
export type Initializer =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | {
      readonly kind: "truncatedNormal";
      /** The deviation. */
      readonly std: number;
    }
  | { readonly kind: "uniformFanIn" };

/** Normal with deviation `std`, redrawn beyond +-2 (timm's `trunc_normal_`). */
export const truncatedNormal = (options: {
  /** The deviation. ViT's is 0.02. */
  readonly std: number;
}): Initializer => ({
  kind: "truncatedNormal",
  ...options,
});
/** Uniform in +-1/sqrt(fan in), weights and biases alike (PyTorch's default for Linear and Conv2d). */
export const uniformFanIn = (): Initializer => ({ kind: "uniformFanIn" });
