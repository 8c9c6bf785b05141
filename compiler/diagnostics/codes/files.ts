import type { CodePage } from "./code-page.ts";

/** Weights to start from, the graph that is written, and the command itself. */
export const fileCodes = {
  arguments: { means: "The command line has something that the command does not take. --help lists what it takes." },
  checkpoint: {
    means:
      "The weights cannot be read, or do not fit the spec: the message names the file, the tensor, and what was expected of it. Nothing in a file of weights is ever executed.",
  },
  "checkpoint-features": {
    means:
      "The weights have learnt from other features than the spec computes, so that they would hear something else than they know. Take theirs, or say that the spec's own are meant.",
    right: 'checkpoint({ features: "own" })',
  },
  "checkpoint-without-statistics": {
    means: "Mean and deviation are to come from the weights, and nothing beside them tells any.",
    right: "normalize({ mean: -4.27, std: 4.57 })",
  },
  cost: { means: "Costs are asked for clips of another length than the model can hear." },
  "output-missing": {
    means: "The graph cannot give an output that is asked for, as its network has nothing of the kind.",
  },
  "output-not-written": {
    means:
      "The graph, or the folder of artifacts, cannot be written: the message has the system's reason. Nothing half-written is left.",
  },
} as const satisfies Readonly<Record<string, CodePage>>;
