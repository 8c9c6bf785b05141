/** The library: `specgraph/runtime`. */
export { open } from "./library/open.ts";
export type * from "./library/model.ts";
export { type Facts, UserError } from "./user-error.ts";
export type { FailureCode } from "./failure-codes.ts";
