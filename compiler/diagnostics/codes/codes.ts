/** What errors of the compiler are told by: none of these goes, and none comes to mean another. */
import type { CodePage } from "./code-page.ts";
import { featureCodes } from "./features.ts";
import { fileCodes } from "./files.ts";
import { languageCodes } from "./language.ts";
import { networkCodes } from "./network.ts";
import { specCodes } from "./spec.ts";
import { trainingCodes } from "./training.ts";

/** By what they are about. */
export const codeChapters = {
  "The language": languageCodes,
  "The spec": specCodes,
  Features: featureCodes,
  "The network": networkCodes,
  "Classes and training": trainingCodes,
  "Files and the command": fileCodes,
} as const satisfies Readonly<Record<string, Readonly<Record<string, CodePage>>>>;

type Chapters = typeof codeChapters;

/** TypeScript's own numbers stand for what it finds and no code of ours tells better. */
export type DiagnosticCode =
  | { readonly [Title in keyof Chapters]: keyof Chapters[Title] }[keyof Chapters]
  | `TS${number}`;
