import type { CodePage } from "./code-page.ts";

/** Classes and the recipe. */
export const trainingCodes = {
  "augmentation-named-twice": { means: "Each kind of augmentation is done once, so that it is listed once." },
  "augmentation-needs-waveforms": {
    means: "An augmentation changes sound, and a graph compiled with --input features is given none.",
  },
  "average-within-epochs": {
    means: "The epochs whose parameters are averaged are some of those that are trained, the first before the last.",
    right: "epochs: 25, average: { from: 6, to: 25 }",
  },
  "class-named-twice": { means: "Two classes have one name, so that a label could not tell which is meant." },
  "class-without-name": { means: "A class has an empty name." },
  "classes-file": {
    means:
      "The file of class names cannot be read, or is not a CSV with the columns index and display_name or name, each index once.",
    right: 'classesFile("class_labels_indices.csv")',
  },
  "clips-at-once": {
    means: "A layer takes statistics over the clips that are computed at once, and there are too few of them for any.",
  },
  "mask-fits-spectrogram": { means: "The widest mask would cover all of the spectrogram, or more than there is." },
  "memory-too-small": {
    means: "Even with everything computed anew that can be, a training step takes more memory than the recipe allows.",
  },
  "memory-without-unit": { means: "An amount of memory is a text with its unit.", right: 'memory: "4 GB"' },
  "milestones-rise": {
    means: "Milestones are the numbers of finished epochs, each greater than the one before it.",
    right: "multiStep({ milestones: [2, 4, 6], factor: 0.5 })",
  },
  "no-classes": { means: "The objective lists no class.", right: 'singleLabel({ classes: ["cat", "dog"] })' },
  "not-in-training-artifacts": {
    means:
      "compile --artifacts writes what ONNX Runtime's own training API loads, and that has no place for this: it steps all parameters by one AdamW, of one learning rate, in float32, and replaces nothing else. A graph.onnx has.",
  },
  "nothing-to-train": { means: "All parameters have the rate 0, so that training would change nothing." },
  "number-out-of-range": {
    means: "A number is of the right type and means nothing there: the message tells which do.",
    right: "adam({ learningRate: 1e-4 })",
  },
  "part-has-clips": { means: "A step is computed in more parts than it has clips." },
  "rates-match": {
    means: "A pattern of rates matches no parameter's name. The message has some names; * stands for any characters.",
    right: 'rates: { "*": 0, "dense.*": 1 }',
  },
  "roll-range": {
    means: "The roll's least number of frames is above its greatest.",
    right: "roll({ from: -10, to: 9 })",
  },
} as const satisfies Readonly<Record<string, CodePage>>;
