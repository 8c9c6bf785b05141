/** The library for browsers: `specgraph/web`. */
export { open, type WebGraph, type WebOpenOptions } from "./open.ts";
export { train } from "./train.ts";
export type * from "../library/model.ts";
export type * from "./training.ts";
export { type Facts, UserError } from "../user-error.ts";
export type { FailureCode } from "../failure-codes.ts";
