/** Run by `npm pack` and `npm publish`: ends them where the package would hold what git does not know. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { unknownFiles } from "./unknown-files.ts";

const run = (command: string): string =>
  execFileSync(command, { encoding: "utf8", shell: true, stdio: ["ignore", "pipe", "ignore"], maxBuffer: 2 ** 26 });

const [pack] = Object.values(
  JSON.parse(run("npm pack --dry-run --json --ignore-scripts")) as Readonly<
    Record<string, { readonly files: readonly { readonly path: string }[] }>
  >,
);
const packed = pack?.files.map(({ path }) => path) ?? [];
const unknown = unknownFiles(packed, new Set(run("git ls-files").split("\n")));
const { repository } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly repository?: object };

const faults = [
  ...unknown.map((path) => `${path} comes from no file that git knows: add its source, or remove both`),
  ...(process.env["npm_command"] === "publish" && repository === undefined
    ? ["package.json has no repository and bugs: who installs the package must find them"]
    : []),
];
if (packed.length === 0) faults.push("npm packs no files");
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
