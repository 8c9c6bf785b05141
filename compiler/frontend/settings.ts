/** What `--set` says: which option of a spec gets which value. */
import { CompileError, type Diagnostic, settingsFile, type SourceSpan } from "../diagnostics/diagnostic.ts";

export interface Setting {
  /** As it was written: `training.epochs=5`. */
  readonly text: string;
  /** `["training", "epochs"]` */
  readonly path: readonly string[];
  /** What stands behind the equals sign. */
  readonly value: string;
  /** Which of the settings it is, from 1. */
  readonly line: number;
}

/** A part of a setting, as though all of them were the lines of a file. */
export const spanOfSetting = (
  { text, line }: Pick<Setting, "text" | "line">,
  start: number,
  length: number,
): SourceSpan => ({
  file: settingsFile,
  line,
  column: start + 1,
  length: Math.max(1, length),
  text: text.replaceAll(/[\r\n]/g, " "),
});

/** Where a setting's path names the part at a depth. */
export const spanOfName = (setting: Setting, depth: number): SourceSpan => {
  const before = setting.path.slice(0, depth).map((name) => name.length + 1);
  const start = before.reduce((total, length) => total + length, 0);
  return spanOfSetting(setting, start, setting.path[depth]?.length ?? 1);
};

export const spanOfValue = (setting: Setting): SourceSpan =>
  spanOfSetting(setting, setting.text.length - setting.value.length, setting.value.length);

const isWithin = (path: readonly string[], other: readonly string[]): boolean =>
  path.length <= other.length && path.every((name, depth) => name === other[depth]);

/** What is wrong with a setting beside those before it. */
const clash = (setting: Setting, earlier: readonly Setting[]): Diagnostic | undefined => {
  const { path, text } = setting;
  const other = earlier.find((each) => isWithin(each.path, path) || isWithin(path, each.path));
  if (!other) return undefined;
  const [name, otherName] = [path.join("."), other.path.join(".")];
  const message = name === otherName ? `${name} is set twice` : `${otherName} is set, and so is ${name}`;
  return { code: "set-twice", message, span: spanOfSetting(setting, 0, text.length), fix: "leave one of them out" };
};

/** @throws CompileError with all that is no `PATH=VALUE`, or set twice */
export const parseSettings = (texts: readonly string[]): readonly Setting[] => {
  const settings: Setting[] = [];
  const problems: Diagnostic[] = [];
  for (const [index, text] of texts.entries()) {
    const line = index + 1;
    const end = text.indexOf("=");
    const name = end < 0 ? text : text.slice(0, end);
    const path = name.split(".");
    const span = spanOfSetting({ text, line }, 0, name.length);
    if (path.includes("")) {
      problems.push({ code: "set-no-name", message: "this names no option", span, fix: "--set training.epochs=5" });
    } else if (end < 0) {
      problems.push({ code: "set-no-value", message: `${name} gets no value`, span, fix: `--set ${name}=VALUE` });
    } else {
      const setting = { text, path, value: text.slice(end + 1), line };
      const problem = clash(setting, settings);
      if (problem) problems.push(problem);
      settings.push(setting);
    }
  }
  if (problems.length > 0) throw new CompileError(problems);
  return settings;
};
