import * as v from "valibot";

/** A number of things, as JSON has it. */
export const countSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
