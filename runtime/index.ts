/** The library: `specgraph/runtime`. */
export { evaluate } from "./library/evaluate.ts";
export { open } from "./library/open.ts";
export { resume, train } from "./library/train.ts";
export type * from "./library/model.ts";
export type * from "./library/training.ts";
export { type Facts, UserError } from "./user-error.ts";
export type { FailureCode } from "./failure-codes.ts";
