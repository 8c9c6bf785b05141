import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Project, ts } from "ts-morph";
import { expect, test } from "vitest";
import * as ready from "../spec/ast.ts";
import * as vocabulary from "../spec/dsl/index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trimEnd().split("\n");

test.each(["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "golden/README.md"])(
  "the sources that %s names are there",
  (document) => {
    const named = [...readFileSync(`${root}/${document}`, "utf8").matchAll(/`([\w./-]+\.ts)`/g)];
    // By their paths, or the ends of these.
    const missing = named.flatMap(([, name]) => (files.some((file) => `/${file}`.endsWith(`/${name}`)) ? [] : [name]));
    expect(missing).toStrictEqual([]);
  },
);

/** What stands around parts of programs, or before them in the text. */
const given = `declare global {
  const model: import("specgraph/runtime").Model;
  const options: import("specgraph/runtime").ListenOptions;
  const request: import("node:http").IncomingMessage;
  const socket: import("node:net").Socket;
  const floats: AsyncIterable<Float32Array<ArrayBuffer>>;
  const [doorbells, dogs]: readonly File[][];
  const link: HTMLAnchorElement;
  const whole: import("specgraph").Model;
  const makeModel: typeof import("specgraph").model;
}
export {};
`;
const everyImport = `import { ${Object.keys(vocabulary)
  .filter((name) => name !== "model")
  .join(", ")} } from "specgraph";
import { ${Object.keys(ready)
  .filter((name) => name !== "default")
  .join(", ")} } from "specgraph/ast";
`;

interface Block {
  /** Where it is: `README.md:382`. */
  readonly place: string;
  readonly isTyped: boolean;
  readonly text: string;
}

const blocksOf = (document: string): readonly Block[] => {
  const page = readFileSync(`${root}/${document}`, "utf8");
  return [...page.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].map(({ index, 1: language, 2: text = "" }) => ({
    place: `${document}:${page.slice(0, index).split("\n").length}`,
    isTyped: language === "ts",
    text,
  }));
};

/** A block as a module: some options of a model are options of one. */
const asModule = ({ text, isTyped }: Block): string => {
  const imports = isTyped && !text.includes("import ") ? everyImport : "";
  const [, before = "", options] = /^(.*?)(?:\/\/ in model\(\{ \.\.\. \}\):\n|(?=^training: ))(.*)$/ms.exec(text) ?? [];
  const body = options === undefined ? text : `${before}makeModel({ ...whole,\n${options}});\n`;
  return `${imports}${body}export {};\n`;
};

/** The error that a block says itself that it has, in comments at the ends of its lines. */
const toldIn = ({ text }: Block): readonly string[] => {
  const comments = text.split("\n").map((line) => line.split("// ")[1]?.trim() ?? "");
  const first = comments.findIndex((comment) => comment.startsWith("Type '"));
  const last = comments.findIndex((comment, index) => index >= first && comment.endsWith("'."));
  return first < 0 ? [] : [comments.slice(first, last + 1).join(" ")];
};

/** Parts of programs in JavaScript tell no types. */
const aboutMissingTypes = (code: number): boolean => code >= 7000 && code < 7100;

test("the programs that the pages show are right, by the types that are packed", () => {
  const blocks = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].flatMap(blocksOf);
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    strict: true,
    useUnknownInCatchVariables: false,
    skipLibCheck: true,
    noEmit: true,
  };
  const project = new Project({ compilerOptions, skipAddingFilesFromTsConfig: true });
  // In the clone's root these names are the package's own: what `exports` in package.json says, from dist/.
  project.createSourceFile(`${root}/given.ts`, given);
  const modules = blocks.map((block, index) => project.createSourceFile(`${root}/block-${index}.ts`, asModule(block)));
  const program = project.getProgram();
  for (const [index, block] of blocks.entries()) {
    const found = [
      ...program.getSyntacticDiagnostics(modules[index]),
      ...program.getSemanticDiagnostics(modules[index]),
    ]
      .filter((error) => block.isTyped || !aboutMissingTypes(error.getCode()))
      .map(({ compilerObject: { messageText } }) =>
        ts.flattenDiagnosticMessageText(messageText, "\n").replace(/(?<=^Type 'Repeat<).*?(?=>' is)/s, "..."),
      );
    expect(found, block.place).toStrictEqual(toldIn(block));
  }
  expect(blocks.length).toBeGreaterThan(9);
});
