import type { CodePage } from "./code-page.ts";

/** A spec as a file, what it exports, and what is set of it. */
export const specCodes = {
  "beyond-reason": {
    means:
      "A number of the spec is so large that the runtime would refuse the graph: it takes such a file for a damaged one. Often a unit is mistaken, or a digit doubled.",
  },
  "no-effect": {
    means:
      "What is written changes nothing where it stands, whatever its author meant by it: a share that rounds to nothing, a roll by whole turns, a rate that later patterns overrule. What is not wanted is left out; of an option that says how much, 0 says so, too.",
  },
  "set-missing": {
    means: "The spec exports a function of options, and one that it needs has no value.",
    right: "specgraph compile spec.ts --set frames=512",
  },
  "set-no-name": {
    means: "--set names no option before the equals sign.",
    right: "--set training.epochs=5",
  },
  "set-no-value": {
    means: "--set has no equals sign, and so no value. An empty text is written name=.",
    right: "--set training.epochs=5",
  },
  "set-part-of-nothing": {
    means:
      "--set names a part of an option that has no parts, or that the spec does not give. Set all of it instead, as JSON.",
    right: `--set 'stride={"bins":12,"frames":10}'`,
  },
  "set-twice": {
    means: "--set sets an option twice, or an option and a part of it, so that it is not known which is meant.",
  },
  "set-unknown-name": {
    means:
      "--set names an option that the spec does not take. What can be set are the options of the call that makes the default export.",
    right: "--set stride=12",
  },
  "set-varied": {
    means: "--set sets what the spec's variants differ in, each with a value of its own.",
  },
  "set-without-options": {
    means: "Nothing of this spec can be set: its default export is not made by a call with an object of options.",
    right: "export default ast({ stride: 10 });",
  },
  "set-wrong-value": {
    means: "--set gives a value that the option does not take, by the spec's own types.",
    right: "--set stride=12",
  },
  "spec-exports-no-model": {
    means: "The spec's default export is what is compiled, and it is none, or no model.",
    right: "export default model({ ... });",
  },
  "spec-missing": { means: "There is no file at the path that was given." },
  "spec-not-typescript": { means: "A spec is a TypeScript file, and its name ends in .ts." },
  "spec-throws": {
    means:
      "The spec's own code, or a function of the vocabulary that it calls, has thrown an error while it ran. The line is where.",
  },
  "spec-without-variants": {
    means: "A command over variants is given a spec that exports a single model.",
    right: "export default variants(ast, { stride: [16, 10] });",
  },
  "variant-not-named": {
    means: "The spec has several variants, and one graph is one of them.",
    right: "specgraph compile spec.ts --variant stride=16",
  },
  "variant-unknown": { means: "The spec has no variant of this name. The message lists those that it has." },
  "variant-without-weights": {
    means: "A variant says that it starts from random weights, and --weights names others.",
  },
  "variants-malformed": {
    means: "What variants are made over is neither lists of values by option nor a list of options.",
    right: "variants(ast, { stride: [16, 14, 12, 10] })",
  },
  "variants-none": { means: "Variants differ in nothing, as nothing to choose from is given." },
  "variants-same": { means: "Two variants are the same model, so that comparing them tells nothing." },
  "variants-seeds": {
    means: "Seeds are a number of them from 1 to 1,000, or a list of whole numbers of 0 or more.",
    right: "variants(ast, { stride: [16, 10] }, { seeds: 3 })",
  },
  "variants-too-many": { means: "Lists of values multiply: together they make more variants than are taken." },
} as const satisfies Readonly<Record<string, CodePage>>;
