/** Options as a spec gives them, with what `--set` says in their place. */
import type { DiagnosticCode } from "../diagnostics/codes/codes.ts";
import type { ts } from "ts-morph";
import { nearestNames } from "../artifact/nearest-names.ts";
import { CompileError, type Diagnostic, type SourceSpan } from "../diagnostics/diagnostic.ts";
import { type Setting, spanOfName, spanOfValue } from "./settings.ts";
import { printValue, type ValueTypes } from "./types/value-types.ts";

/** What takes the options. */
export interface OptionsTaker {
  /** As messages call it: `ast`. */
  readonly name: string;
  readonly type: ts.Type;
  /** What an option is that is not given; undefined: not known. */
  readonly defaultOf: (option: string) => unknown;
}

/** Remembers what an object with a setting in it was made from. */
export interface AmendedObjects {
  /** A copy of `original` whose property a setting gives. */
  readonly add: (copy: object, original: object, property: string, setting: Setting) => void;
  /** A value that is all a setting's. */
  readonly addWhole: (value: unknown, setting: Setting) => void;
  /** What an object was copied from; itself, where it is no copy. */
  readonly originalOf: (object: object) => object;
  /** The setting that gives a property of an object, or all of it. */
  readonly find: (object: object, property?: string) => SourceSpan | undefined;
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
};

class Refusal extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

const refuse = (code: DiagnosticCode, message: string, span: SourceSpan, fix?: string): never => {
  throw new Refusal({ code, message, span, fix });
};

/** @returns the options with the settings in them; what is given is not changed @throws CompileError with each that does not fit */
export const applySettings = (
  given: unknown,
  settings: readonly Setting[],
  { name: taker, type: optionsType, defaultOf }: OptionsTaker,
  types: ValueTypes,
  amended: AmendedObjects,
): unknown => {
  const readValue = (setting: Setting, type: ts.Type): unknown => {
    const json = parseJson(setting.value);
    // A name may look like a number: text is what the type takes it for.
    const found = [json, setting.value].find((value) => value !== undefined && types.misfit(type, value) === undefined);
    if (found !== undefined) {
      amended.addWhole(found, setting);
      return found;
    }
    const value = json === undefined ? setting.value : json;
    const { at, message } = types.misfit(type, value) ?? { at: "", message: "does not take this" };
    return refuse("set-wrong-value", `${setting.path.join(".")}${at} ${message}`, spanOfValue(setting));
  };

  const refuseName = (setting: Setting, depth: number, names: readonly string[]): never => {
    const name = setting.path[depth] ?? "";
    const whole = depth === 0 ? taker : setting.path.slice(0, depth).join(".");
    const [nearest] = nearestNames(name, names);
    const path = setting.path.map((part, index) => (index === depth ? nearest : part)).join(".");
    const fix = nearest === undefined ? undefined : `--set ${path}=${setting.value}`;
    const message =
      names.length === 0 ? `${whole} takes no "${name}"` : `${whole} takes no "${name}"; it takes ${names.join(", ")}`;
    return refuse("set-unknown-name", message, spanOfName(setting, depth), fix);
  };

  const setPart = (setting: Setting, depth: number, whole: object, forms: readonly ts.Type[]): object => {
    const name = setting.path[depth] ?? "";
    const names = Array.isArray(whole) ? [...whole.keys()].map(String) : [...new Set(forms.flatMap(types.partNames))];
    const [type] = forms.flatMap((form) => types.partOf(form, name) ?? []);
    const isThere = !Array.isArray(whole) || names.includes(name);
    if (type === undefined || !isThere || (depth > 0 && name === "kind")) {
      return refuseName(
        setting,
        depth,
        names.filter((each) => depth === 0 || each !== "kind"),
      );
    }
    const held = (whole as Readonly<Record<string, unknown>>)[name];
    const current = held === undefined && depth === 0 ? defaultOf(name) : held;
    const value = setValue(setting, depth + 1, current, type);
    const copy: object = Array.isArray(whole)
      ? whole.map((each: unknown, index) => (String(index) === name ? value : each))
      : { ...whole, [name]: value };
    const fits = (object: object): boolean => forms.some((form) => types.misfit(form, object) === undefined);
    if (fits(whole) && !fits(copy)) {
      const around = depth === 0 ? taker : setting.path.slice(0, depth).join(".");
      const message = `${setting.path.join(".")} does not go with what else ${around} is given; it takes ${forms.map(types.describe).join(" or ")}`;
      return refuse("set-wrong-value", message, spanOfValue(setting));
    }
    amended.add(copy, whole, name, setting);
    return copy;
  };

  /** The value at a depth of the path, in which the rest of the path is set. */
  const setValue = (setting: Setting, depth: number, current: unknown, type: ts.Type): unknown => {
    if (depth === setting.path.length) return readValue(setting, type);
    const name = setting.path.slice(0, depth).join(".");
    const span = spanOfName(setting, depth);
    if (!types.hasParts(type)) {
      return refuse("set-part-of-nothing", `${name} takes ${types.describe(type)}, which has no parts`, span);
    }
    if (current === undefined) {
      return refuse(
        "set-part-of-nothing",
        `${taker} is given no ${name}, so that no part of it can be set`,
        span,
        `set all of it, as JSON: --set '${name}=...'; it takes ${types.describe(type)}`,
      );
    }
    if (typeof current !== "object" || current === null || !isPlain(current)) {
      return refuse("set-part-of-nothing", `${name} is ${printValue(current)}, which has no parts`, span);
    }
    return setPart(setting, depth, current, types.withParts(type, current));
  };

  const problems: Diagnostic[] = [];
  let options: object = (given as object | undefined) ?? {};
  for (const setting of settings) {
    try {
      options = setPart(setting, 0, options, types.withParts(optionsType, options));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(error.diagnostic);
    }
  }
  if (problems.length > 0) throw new CompileError(problems);
  return options;
};
