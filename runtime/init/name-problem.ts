import { builtinModules } from "node:module";

/** npm's own limit. */
const longest = 214;

/** Why npm takes no new package of a name; undefined where it does. The rules are those of validate-npm-package-name. */
export const nameProblem = (name: string): string | undefined => {
  if (name.length > longest) return `it has more than ${longest} characters`;
  if (/^[._-]/.test(name)) return `it begins with ${name.charAt(0)}`;
  if (name !== name.toLowerCase()) return "it has capital letters";
  const [odd] = /[^a-z0-9._-]/u.exec(name) ?? [];
  if (odd !== undefined) return odd === " " ? "it has spaces" : `it has the character ${odd}`;
  if (name === "node_modules" || name === "favicon.ico") return "it means something else to npm";
  if (builtinModules.includes(name)) return "a module of Node.js has it";
  return name === "specgraph" ? "the package that the project depends on has it" : undefined;
};

/** A name near to one that npm refuses; undefined where there is none to be made of it. */
export const usableName = (name: string): string | undefined => {
  const near = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/^[._-]+|[._-]+$/g, "")
    .slice(0, longest);
  return near === "" || nameProblem(near) !== undefined ? undefined : near;
};
