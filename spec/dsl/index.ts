/** The vocabulary of model specs: `import { model, ... } from "specgraph"`. */
export * from "./augmentation.ts";
export * from "./features.ts";
export * from "./initializers.ts";
export * from "./layers.ts";
export * from "./model.ts";
export * from "./objectives.ts";
export * from "./pretrained.ts";
export * from "./schedules.ts";
export * from "./training.ts";
export * from "./variants.ts";
