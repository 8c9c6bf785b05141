/** What the metadata's properties are made of; each schema's message says what is expected. */
import * as v from "valibot";

/** What a schema gives, for nobody to change. */
export type Immutable<T> = T extends object ? { readonly [Key in keyof T]: Immutable<T[Key]> } : T;

export const text = (most = 1000) =>
  v.pipe(v.string("a text"), v.maxLength(most, `a text of at most ${most} characters`));
export const name = v.pipe(text(), v.minLength(1, "a text that is not empty"));

export const number = (least: number, most: number) => {
  const expected = `a number from ${least} to ${most}`;
  return v.pipe(v.number(expected), v.minValue(least, expected), v.maxValue(most, expected));
};
export const whole = (least: number, most: number) => {
  const expected = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(expected), v.integer(expected), v.minValue(least, expected), v.maxValue(most, expected));
};

/** Counts that somebody may mean; they bound what a damaged or hostile file has the runtime allocate. */
export const count = whole(1, 2 ** 20);
/** Lengths in samples, frames and steps. */
export const length = whole(1, 1e9);
/** Of bytes and operations; products of them stay finite. */
export const size = number(0, 1e30);
export const real = number(-1e30, 1e30);
export const flag = v.boolean("true or false");

export const oneOf = <const Choices extends readonly (string | boolean)[]>(...choices: Choices) =>
  v.picklist(choices as never, choices.map((choice) => JSON.stringify(choice)).join(" or ")) as v.GenericSchema<
    unknown,
    Choices[number]
  >;
export const record = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.object(entries, `an object of ${Object.keys(entries).join(", ")}`);
export const list = <const Item extends v.GenericSchema>(item: Item) => v.array(item, "a list");
export const nameList = list(name);

/** From one whole number to another, both ends included. */
export const range = (bound: ReturnType<typeof whole>) =>
  v.pipe(
    record({ from: bound, to: bound }),
    v.check(({ from, to }) => from <= to, "from that is not above to"),
  );
