/** The page that tells all of the vocabulary. */
import { failureCodes } from "../../runtime/failure-codes.ts";
import { describeExports, describeFile, type Entry, type Option, publicModules } from "./public-modules.ts";

const chapters = [...publicModules].flatMap(([module, files]) =>
  files.map((file) => ({
    module,
    title: module === "specgraph" ? file.getBaseNameWithoutExtension() : module,
    text: describeFile(file),
    entries: describeExports(file),
  })),
);
const all = chapters.flatMap(({ entries }) => entries);

/** What may be written where a type is asked for: functions that make it, else the type's own entry. */
const writtenFor = (type: string): readonly string[] => {
  const makers = all.filter(({ returns }) => returns === type).map(({ name }) => name);
  if (makers.length > 0) return makers;
  const entry = all.find(({ name }) => name === type);
  const [, alternatives = ""] = /^\w+ =((?:\s*\|?\s*[A-Z]\w+)+)$/.exec(entry?.usage ?? "") ?? [];
  if (alternatives !== "") return (alternatives.match(/\w+/g) ?? []).flatMap(writtenFor);
  return entry ? [type] : [];
};

const typeName = /\b[A-Z]\w*/g;

/** Entries, and what one must know to write them. */
const withNamed = (entries: readonly Entry[], known: readonly Entry[] = []): readonly Entry[] => {
  const fresh = entries.filter((entry) => !known.includes(entry));
  if (fresh.length === 0) return known;
  const types = fresh.flatMap(({ usage, options }) => [usage, ...options.map(({ type }) => type)]);
  const names = new Set(types.flatMap((type) => type.match(typeName) ?? []).flatMap(writtenFor));
  return withNamed(
    all.filter(({ name }) => names.has(name)),
    [...known, ...fresh],
  );
};

const isType = ({ name }: Entry): boolean => /^[A-Z]/.test(name);

/** All functions and constants, and the types that these name and no function makes. */
export const listedEntries = withNamed(all.filter((entry) => !isType(entry)));
const listed = (entries: readonly Entry[]): readonly Entry[] =>
  entries.filter((entry) => listedEntries.includes(entry));

const headings = chapters.flatMap(({ title, entries }) => [title, ...listed(entries).map(({ name }) => name)]);

/** As GitHub and GitLab name the places of headings: of equal ones the second is `name-1`. */
const anchor = (name: string): string => {
  const at = headings.lastIndexOf(name);
  const same = headings.slice(0, at).filter((heading) => heading.toLowerCase() === name.toLowerCase()).length;
  return same === 0 ? name.toLowerCase() : `${name.toLowerCase()}-${same}`;
};
const link = (name: string): string => `[${name}](#${anchor(name)})`;
const escape = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "\\<");
const linked = (type: string): string =>
  escape(type).replaceAll(typeName, (name) => {
    const written = writtenFor(name).map(link);
    return written.length > 1 && type !== name ? `(${written.join(" or ")})` : written.join(" or ") || name;
  });

const code = (text: string): string => (/^(-?\d[\d.e-]*|"\w+"|\[[^\]]*\])$/.test(text) ? `\`${text}\`` : text);

const optionRow = ({ name, type, text, isOptional, default: default_ = "" }: Option): string =>
  `| \`${name}\` | ${linked(type)} | ${isOptional ? escape(code(default_)) : "**required**"} | ${escape(text)} |`;

const entrySection = (entry: Entry): string => {
  const { name, usage, text, options } = entry;
  const definition = isType(entry)
    ? linked(usage.replace(/^\w+( =\s*)?/, "").replaceAll("readonly ", ""))
    : `\`\`\`ts\n${usage}\n\`\`\``;
  const table = ["| option | type | default | |", "|---|---|---|---|", ...options.map(optionRow)];
  return [`### ${name}`, definition, text, ...(options.length > 0 ? [table.join("\n")] : [])]
    .filter((part) => part !== "")
    .join("\n\n");
};

/** What programs tell failures of the library by. */
const failuresSection = [
  "## Failures",
  "What `specgraph/runtime` refuses, and where a call ends before it is done, is a `UserError`. Its `code`, of the type `FailureCode`, is one of these, and none of them comes to mean another. " +
    "`facts` hold what the message says: `path`, with `line`, tells where, `option` which option of the call is meant.",
  ["| code | |", "|---|---|", ...Object.entries(failureCodes).map(([name, text]) => `| \`${name}\` | ${text} |`)].join(
    "\n",
  ),
];

const capitalized = (title: string): string => (title.includes("/") ? title : title[0]?.toUpperCase() + title.slice(1));

export const renderReference = (): string =>
  [
    "# Reference",
    "What a spec is written in: `specgraph`, the vocabulary, and `specgraph/ast`, the model that is ready to be varied. " +
      "Sections are those of the [paper](https://arxiv.org/abs/2104.01778), shapes stand in brackets. " +
      "Last, the codes of [failures](#failures), by which programs tell them. " +
      "`npm run docs` writes this page from the comments in `spec/`, and the failures from `runtime/failure-codes.ts`.",
    chapters
      .map(
        ({ title, entries }) =>
          `- **${capitalized(title)}**: ${listed(entries)
            .map(({ name }) => link(name))
            .join(", ")}`,
      )
      .join("\n"),
    ...chapters.flatMap(({ title, text, entries }) => [
      `## ${capitalized(title)}`,
      text,
      ...listed(entries).map(entrySection),
    ]),
    ...failuresSection,
  ].join("\n\n") + "\n";
