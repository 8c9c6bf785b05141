import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** A file of weights with what may lie beside it and tell its meaning, or what a folder of weights holds. */
export const weightsFiles = (path: string): readonly string[] => {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folder = isFolder ? path : dirname(path);
  const names = statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder) : [];
  const telling = isFolder ? /\.(json|csv|safetensors|bin)$/ : /\.(json|csv)$/;
  const beside = names.filter((name) => telling.test(name)).map((name) => join(folder, name));
  return isFolder ? beside : [path, join(folder, `${basename(path)}.data`), ...beside];
};
