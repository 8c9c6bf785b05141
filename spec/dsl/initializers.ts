/** How a parameter starts when no checkpoint fills it. */

export type Initializer =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  /** Normal with deviation `std`, redrawn beyond +-2 (timm's `trunc_normal_`). */
  | { readonly kind: "truncatedNormal"; readonly std: number }
  /** Uniform in +-1/sqrt(fan in), weights and biases alike (PyTorch's default for Linear and Conv2d). */
  | { readonly kind: "uniformFanIn" };

export const truncatedNormal = (options: { readonly std: number }): Initializer => ({
  kind: "truncatedNormal",
  ...options,
});
export const uniformFanIn = (): Initializer => ({ kind: "uniformFanIn" });
