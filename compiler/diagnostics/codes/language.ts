import type { CodePage } from "./code-page.ts";

/** What a spec says that is no TypeScript, or does not fit the vocabulary's types. An editor marks it, too. */
export const languageCodes = {
  "argument-count": {
    means:
      "A function is called with more or fewer arguments than it takes. Most functions of the vocabulary take one object of options, in braces.",
    right: "attention({ heads: 4 })",
  },
  "maybe-undefined": {
    means:
      "A value may be missing where one is needed: an option that can be left out, or an element of a list that may be shorter. Say with ?? what it is then.",
    right: "attention({ heads: options.heads ?? 4 })",
  },
  "not-a-class": {
    means: "The vocabulary's functions are called as they are: new is for classes, and there are none.",
    right: "gelu()",
  },
  "not-a-function": {
    means: "Something is called that is no function, often what a function has given already.",
    right: "gelu()",
  },
  "not-a-number": {
    means: "Something that is no number is added, multiplied or compared as one, often a number in quotes.",
    right: "dense(4 * 2)",
  },
  "not-called": {
    means:
      "The function itself stands where what it gives is meant. A layer, a schedule or a feature step comes of calling its function, with empty brackets where it needs no options.",
    right: "schedule: cosine()",
  },
  "option-missing": {
    means:
      "An object lacks options that have no default. The fix lists what each may be; REFERENCE.md tells what it means, and what the paper's value is.",
    right: "layerNorm({ eps: 1e-6 })",
  },
  "syntax-error": {
    means:
      "The text is no TypeScript. Only the first such place of a file is told, as what follows is mostly its consequence. Look at the line before it, too: that is where a bracket, a comma or a quote is often missing.",
    right: 'export default model({ name: "birds", seed: 5 });',
  },
  "type-not-told": {
    means: "A function's parameter has no type, so that its use cannot be checked. Write the type behind its name.",
    right: "const block = (heads: number) => [attention({ heads })];",
  },
  "unknown-export": {
    means: "A module does not export what is imported from it. Names are written exactly, capital letters included.",
    right: 'import { kaldiFbank, layerNorm } from "specgraph";',
  },
  "unknown-module": {
    means:
      'A module that is imported is not there. A spec imports "specgraph", "specgraph/ast", files beside it by their paths, and installed packages that have types; it has no part of Node.js, as a spec reads no files.',
    right: 'import { block } from "./blocks.ts";',
  },
  "unknown-name": {
    means:
      "Nothing is known by this name: it is misspelt, or not imported. Each name is told once, however often it is used. Node.js's names, such as process, are none of a spec's: what varies from compilation to compilation is an option, which --set sets.",
    right: "export default ({ seed = 0 }: { seed?: number }) => ast({ seed });",
  },
  "unknown-option": {
    means: "An object has an option that is not taken. The message lists those that are.",
    right: "padOrCut({ frames: 1024 })",
  },
  "unknown-part": {
    means: "A value has no part of this name. The message lists those that it has, if they are not too many.",
    right: "ast({ size: sizes.tiny224 })",
  },
  "wrong-value": {
    means:
      "A value is of another kind than is taken there. The message tells what is: a number, a text out of a list, or what one of the vocabulary's functions gives. Numbers stand without quotes.",
    right: 'kaldiFbank({ bins: 128, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" })',
  },
} as const satisfies Readonly<Record<string, CodePage>>;
