/** JSON that is checked. */
import * as v from "valibot";

/** What a JSON text says; undefined where it is not JSON, or not of the schema. */
export const parseJson = <Schema extends v.GenericSchema>(
  schema: Schema,
  text: string,
): v.InferOutput<Schema> | undefined => {
  try {
    const result = v.safeParse(schema, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
};

/** A number of things, as JSON has it. */
export const countSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
