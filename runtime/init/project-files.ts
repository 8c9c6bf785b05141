/** The files of a new project, as texts. */
import { version } from "../../compiler/artifact/version.ts";
import type { ChosenModel } from "./choose-model.ts";

export interface Project {
  readonly name: string;
  /** What the spec says of the data: its length, statistics and classes, by lines. */
  readonly proposal: string;
  readonly frames: number;
  readonly classes: number;
  readonly model: ChosenModel;
  /** The data as `train` takes it, from the project's folder: `--data` and what belongs to it; empty for the embedded sounds. */
  readonly dataOptions: readonly string[];
  /** What the data is called in sentences. */
  readonly data: string;
}

/** For npm's scripts: a word of a shell's command. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replaceAll(/["$`\\]/g, String.raw`\$&`)}"`;

/** Of the vocabulary, what a spec calls. */
const vocabulary = [
  "adamW",
  "checkpoint",
  "classesFile",
  "cosine",
  "maskFrequency",
  "maskTime",
  "multiLabel",
  "numbered",
  "singleLabel",
];

/** Clips of less than so many frames have so few patches that these overlap. */
const overlapBelowFrames = 256;

const specOf = ({ name, proposal, frames, model, data }: Project): string => {
  const { lines, learningRate, accumulate, epochs, weights, address } = model;
  const stride = frames < overlapBelowFrames ? 8 : 16;
  const comes = address === undefined ? "" : ` // beside this file: ${address}`;
  const body = `export default ast({
  name: ${JSON.stringify(name)},
${lines.map((line) => `  ${line}`).join("\n")}
  stride: { bins: 16, frames: ${stride} },
${proposal}
  training: {
    optimizer: adamW({ learningRate: ${learningRate}, weightDecay: 0.01 }),
    schedule: cosine(),
    batch: 16,
${accumulate > 1 ? `    accumulate: ${accumulate},\n` : ""}    epochs: ${epochs},
    augment: [maskFrequency({ bins: 24 }), maskTime({ frames: ${Math.max(2, Math.round(frames / 5))} })],
  },
${weights === undefined ? "" : `  pretrained: checkpoint({ file: ${JSON.stringify(weights)} }),${comes}\n`}});
`;
  const called = vocabulary.filter((word) => body.includes(`${word}(`));
  const readyMade = body.includes("sizes.") ? "ast, sizes" : "ast";
  return `/** ${name}: what is written here of ${data.replaceAll("*/", "*\\/")} was measured by \`specgraph init\`. */
import { ${called.join(", ")} } from "specgraph";
import { ${readyMade} } from "specgraph/ast";

${body}`;
};

/** What to type in the project's folder, in this order. */
export const nextSteps = ({ model: { address } }: Project): readonly string[] => [
  "npm install",
  ...(address === undefined ? [] : [`curl -LO ${address}`]),
  "npm run compile",
  "npm run train",
];

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** By their names. */
export const projectFiles = (project: Project): Readonly<Record<string, string>> => {
  const { name, classes, data, dataOptions } = project;
  const train = ["specgraph", "train", "graph.onnx", ...dataOptions, "--out", `runs/${name}`];
  return {
    "package.json": json({
      name,
      version: "0.0.0",
      private: true,
      type: "module",
      scripts: { compile: "specgraph compile spec.ts --out graph.onnx", train: train.map(shellWord).join(" ") },
      dependencies: { specgraph: `^${version}` },
    }),
    // What the compiler checks a spec by, so that an editor says the same.
    "tsconfig.json": json({
      compilerOptions: {
        target: "es2022",
        lib: ["es2023"],
        module: "esnext",
        moduleResolution: "bundler",
        allowImportingTsExtensions: true,
        strict: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: true,
        noEmit: true,
        types: [],
      },
      include: ["*.ts"],
    }),
    "spec.ts": specOf(project),
    ".gitignore": "node_modules/\nruns/\n*.onnx\n*.onnx.data\n*.pth\n",
    "README.md": `# ${name}
\`spec.ts\` describes a model of ${classes} ${classes === 1 ? "class" : "classes"}, for ${data}.

${[...nextSteps(project), `npx specgraph infer runs/${name}/graph.onnx clip.wav`].map((line) => `    ${line}`).join("\n")}

\`npx specgraph --help\` lists what else there is; node_modules/specgraph/REFERENCE.md tells all that a spec may say.
`,
  };
};
