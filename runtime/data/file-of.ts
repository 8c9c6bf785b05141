import { resolve } from "node:path";
import type { Clip } from "./dataset.ts";

/** Stands for a clip's file; however many links lead there, it is one. */
export const fileOf = ({ name, source }: Clip): string =>
  "path" in source ? (source.realPath ?? resolve(source.path)) : name;
