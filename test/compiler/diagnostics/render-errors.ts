/** The document that tells all errors of the compiler: what each code means, and one as it is printed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CodePage } from "../../../compiler/diagnostics/codes/code-page.ts";
import { codeChapters } from "../../../compiler/diagnostics/codes/codes.ts";

const cases = fileURLToPath(new URL("../frontend/specs", import.meta.url));

/** What is printed of mistakes in specs, by the case. */
const printed = readdirSync(cases)
  .toSorted()
  .flatMap((name) =>
    readFileSync(join(cases, name, "expected.txt"), "utf8")
      .trimEnd()
      .split("\n\n")
      .map((text) => ({ name, text })),
  );

/** Out of the case that is called as a code, else out of the first that has it. */
const example = (code: string): string | undefined => {
  const shown = printed.filter(({ text }) => text.split("\n")[0]?.endsWith(`(${code})`));
  return (shown.find(({ name }) => name === code) ?? shown[0])?.text;
};

const renderPage = ([code, { means, right }]: readonly [string, CodePage]): string => {
  const shown = example(code);
  const parts = [
    `### ${code}`,
    means,
    ...(shown === undefined ? [] : [`\`\`\`\n${shown}\n\`\`\``]),
    ...(right === undefined ? [] : [`As it is written: \`${right}\``]),
  ];
  return parts.join("\n\n");
};

export const renderErrors = (): string =>
  `${[
    "# Errors",
    "What the compiler refuses, by the code that stands in brackets behind each message, with an example as it is printed. `specgraph compile --explain CODE` tells the same at the command line. A code that is `TS` with a number is TypeScript's own. REFERENCE.md lists the codes of the runtime's failures.",
    ...Object.entries(codeChapters).map(([title, pages]) =>
      [`## ${title}`, ...Object.entries<CodePage>(pages).map(renderPage)].join("\n\n"),
    ),
  ].join("\n\n")}\n`;
