/** A spec's variants as graphs, by the compiler, which runs in a process of its own. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { countSchema, parseJson } from "../text/json.ts";
import type { ListedGraph } from "../sweep/sweep-folder.ts";
import { UserError } from "../user-error.ts";

export interface CompilerOptions {
  readonly spec: string;
  /** Where the graphs go. */
  readonly out: string;
  /** What of the compiler's options is passed on: `["--set", "frames=512"]`. */
  readonly args: readonly string[];
  /** So many seeds of each variant, instead of the spec's. */
  readonly seeds: number | undefined;
  readonly signal: AbortSignal;
  /** Told what the compiler notes. */
  readonly note: (text: string) => void;
}

const variantSchema = v.object({
  variant: v.string(),
  seed: countSchema,
  out: v.string(),
  digest: v.optional(v.string()),
});
const answerSchema = v.object({ variants: v.array(variantSchema), warnings: v.optional(v.array(v.string()), []) });

/** Node 20 cannot run TypeScript: where this module runs from source, in the tests, the built compiler is run. */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../dist/compiler/cli.js" : "../../compiler/cli.js", import.meta.url),
);

/** More of an answer than this is no answer: 1000 variants with what became of their weights. */
const mostBytes = 256e6;

/** @returns undefined where the signal ended it @throws UserError with what the compiler refuses */
const runCompiler = async (
  { spec, out, args, seeds, signal, note }: CompilerOptions,
  own: readonly string[],
): Promise<readonly v.InferOutput<typeof variantSchema>[] | undefined> => {
  const all = [program, spec, "--variants", out, ...own, ...args, "--json"];
  if (seeds !== undefined) all.push("--seeds", String(seeds));
  const { code, stdout, stderr } = await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, all, { signal, maxBuffer: mostBytes, windowsHide: true }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
  if (signal.aborted) return undefined;
  if (code === 2) throw new UserError("spec-refused", { spec }, stderr.trimEnd());
  const answer = code === 0 ? parseJson(answerSchema, stdout) : undefined;
  if (!answer) throw new Error(`the compiler failed: ${stderr.trimEnd() || String(code)}`);
  if (stderr.trim() !== "") note(stderr.trimEnd());
  for (const warning of answer.warnings) note(`warning: ${warning}`);
  return answer.variants;
};

/** What `compileVariants` would write: all are checked, nothing is written. */
export const listVariants = async (options: CompilerOptions): Promise<readonly ListedGraph[] | undefined> =>
  (await runCompiler(options, ["--print", "variants"]))?.map((one) => ({ ...one, digest: one.digest ?? "" }));

export const compileVariants = async (
  options: CompilerOptions,
): Promise<readonly { readonly out: string }[] | undefined> => runCompiler(options, []);
