/** A project of a user's, with the package, a trained graph and clips: what other homes than Node.js's commands are tried on. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The README's only block of this language that has the words. */
export const snippet = (language: string, words: string): string => {
  const blocks = Array.from(readme.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm), ([, name, text = ""]) => ({ name, text }));
  const [found, ...others] = blocks.filter(({ name, text }) => name === language && text.includes(words));
  if (found === undefined || others.length > 0) throw new Error(`${others.length + 1} blocks of ${language}: ${words}`);
  return found.text;
};

/** Whether a program is on the PATH, and answers. */
export const isThere = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: "ignore", timeout: 60_000 }).status === 0;

/** Native libraries of others keep telemetry and caches in these folders. */
const ownFolders = (folder: string): NodeJS.ProcessEnv => {
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const home = join(folder, "home");
  return {
    ...env,
    HOME: home,
    XDG_CACHE_HOME: join(home, "cache"),
    TMPDIR: join(home, "tmp"),
    VK_DRIVER_FILES: "/none",
  };
};

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HomeProject {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly run: (program: string, ...args: readonly string[]) => Result;
  /** A command of the package, by Node.js. */
  readonly call: (command: "compiler" | "runtime", ...args: readonly string[]) => string;
  /** Scores of clips, by class, as `runtime infer` has them. */
  readonly infer: (graph: string, ...clips: readonly string[]) => readonly Readonly<Record<string, number>>[];
  /** Files of ONNX Runtime's telemetry. */
  readonly telemetry: () => readonly string[];
  readonly remove: () => void;
}

/** Where a command of the package is, from the project on. */
export const commandPath = (command: "compiler" | "runtime"): string => `node_modules/specgraph/dist/${command}/cli.js`;

const openProject = (folder: string): HomeProject => {
  const env = ownFolders(folder);
  for (const name of ["HOME", "XDG_CACHE_HOME", "TMPDIR"]) mkdirSync(env[name] ?? "", { recursive: true });
  const run: HomeProject["run"] = (program, ...args) => {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: folder,
      env,
      encoding: "utf8",
      timeout: 100_000,
    });
    return { status, stdout, stderr };
  };
  const call: HomeProject["call"] = (command, ...args) => {
    const { status, stdout, stderr } = run(process.execPath, commandPath(command), ...args);
    if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  return {
    folder,
    env,
    run,
    call,
    infer: (graph, ...clips) =>
      call("runtime", "infer", graph, ...clips, "--json", "--top", "0", "--device", "cpu")
        .trimEnd()
        .split("\n")
        .map((line) => {
          const { scores } = JSON.parse(line) as { readonly scores: readonly { label: string; score: number }[] };
          return Object.fromEntries(scores.map(({ label, score }) => [label, score]));
        }),
    telemetry: () =>
      readdirSync(env["HOME"] ?? "", { recursive: true, encoding: "utf8" }).filter((path) =>
        /microsoft|mat-debug/i.test(path),
      ),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** As npm does: the package's files, and beside it what it depends on. Not a link to the clone, whose files Deno reads otherwise. */
const install = (folder: string): void => {
  const modules = join(folder, "node_modules");
  for (const path of [
    "package.json",
    "spec",
    ...["compiler", "runtime", "spec", "spec-commonjs", "vendor", "web"].map((half) => `dist/${half}`),
  ])
    cpSync(join(root, path), join(modules, "specgraph", path), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
};

/** Made once for the tests of a file. */
export const createHomeProject = (): HomeProject => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-home-"));
  const project = openProject(folder);
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  install(folder);
  write("package.json", JSON.stringify({ name: "mine", type: "module", dependencies: { specgraph: "*" } }));
  project.call("runtime", "sounds", "sounds");
  const classes = readdirSync(join(folder, "sounds")).filter((name) => !name.includes("."));
  write(
    "small.ts",
    `import { singleLabel } from "specgraph";
import { ast } from "specgraph/ast";

const objective = singleLabel({ classes: ${JSON.stringify(classes)} });
export default ast({ name: "small", size: { width: 16, depth: 1, heads: 2 }, frames: 64, objective });
`,
  );
  project.call("compiler", "small.ts", "--out", "small.onnx");
  project.call(
    "runtime",
    "train",
    "small.onnx",
    "--data",
    "sounds",
    "--epochs",
    "1",
    "--out",
    "run",
    "--device",
    "cpu",
  );
  cpSync(join(folder, "run/graph.onnx"), join(folder, "graph.onnx"));
  const clips = { clip: "siren/siren-1", dog: "siren/siren-2", rain: "noise/noise-1", wren: "bell/bell-1" };
  for (const [name, sound] of Object.entries(clips))
    cpSync(join(folder, `sounds/${sound}.wav`), join(folder, `${name}.wav`));
  return project;
};
