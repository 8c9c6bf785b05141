import { CompileError, type Diagnostic } from "../diagnostics/diagnostic.ts";

/** More variants of one mistake are counted, not named. */
const mostNamed = 3;

const nameSome = (names: readonly string[]): string =>
  names.length <= mostNamed
    ? names.join(", ")
    : `${names.slice(0, mostNamed).join(", ")} and ${names.length - mostNamed} more`;

/** What some of a spec's variants have in common: under their names, unless it is all of them. */
export const tellOfVariants = (message: string, names: readonly string[], count: number): string =>
  names.length === count ? message : `${nameSome(names)}: ${message}`;

/**
 * Does something with each of a spec's variants, whatever becomes of the others.
 * @throws CompileError with all that is wrong with them: once what several have in common, under their names unless it is all of them
 */
export const eachVariant = <Variant extends { readonly name: string }, Result>(
  variants: readonly Variant[],
  act: (variant: Variant) => Result,
): readonly Result[] => {
  const found = new Map<string, { readonly diagnostic: Diagnostic; readonly names: string[] }>();
  const results = variants.flatMap((variant) => {
    try {
      return [act(variant)];
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      for (const diagnostic of error.diagnostics) {
        const key = JSON.stringify(diagnostic);
        const known = found.get(key) ?? { diagnostic, names: [] };
        known.names.push(variant.name);
        found.set(key, known);
      }
      return [];
    }
  });
  const diagnostics = [...found.values()].map(({ diagnostic, names }) => ({
    ...diagnostic,
    message: tellOfVariants(diagnostic.message, names, variants.length),
  }));
  if (diagnostics.length > 0) throw new CompileError(diagnostics);
  return results;
};
