/**
 * Checks a published AST checkpoint against the logits that its publisher states:
 * `npm run golden -- --checkpoint FILE --clip FILE`. The files are the user's to get; where one is absent, the check is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CheckpointError } from "../../compiler/weights/readers/checkpoint-error.ts";
import { UserError } from "../../runtime/user-error.ts";
import { type CheckpointManifest, logitsOf, recogniseCheckpoint } from "./published-checkpoints.ts";

/** npm runs scripts in the package's folder. */
const manifestPath = "golden/checkpoints/manifest.json";

const { values } = parseArgs({ options: { checkpoint: { type: "string" }, clip: { type: "string" } } });
const manifest = JSON.parse(readFileSync(manifestPath, "utf8")) as CheckpointManifest;

const skip = (why: string): void => {
  console.log(`skipped: ${why}`);
  console.log(
    "\nUsage: npm run golden -- --checkpoint FILE --clip FILE\n\nCheckpoints (hub: model.safetensors or pytorch_model.bin; official: YuanGongND/ast):",
  );
  for (const { hub, official } of manifest.checkpoints) console.log(`  ${hub.padEnd(42)} ${official}`);
  console.log("\nClips:");
  for (const [kind, clip] of Object.entries(manifest.clips)) console.log(`  ${kind}: ${clip}`);
};

const verify = async (checkpoint: string, clip: string): Promise<void> => {
  const candidates = recogniseCheckpoint(checkpoint, manifest.checkpoints);
  const [first] = candidates;
  if (!first) return;
  const logits = await logitsOf(checkpoint, clip, first);
  const compared = candidates.map((candidate) => {
    const differences = candidate.logits.map((expected, index) => Math.abs(expected - (logits[index] ?? NaN)));
    return { ...candidate, difference: Math.max(...differences) };
  });
  const [nearest] = compared.toSorted((a, b) => a.difference - b.difference);
  if (!nearest) return;
  const isRight = nearest.difference <= manifest.tolerance;
  const actual = Array.from(logits.slice(0, nearest.logits.length), (value) => value.toFixed(4)).join(", ");
  console.log(
    `${isRight ? "ok" : "WRONG"}: ${nearest.hub}: logits ${actual}; published ${nearest.logits.join(", ")}; ` +
      `difference ${nearest.difference.toExponential(1)}, tolerance ${manifest.tolerance}`,
  );
  if (!isRight) process.exitCode = 1;
};

const { checkpoint, clip } = values;
const absent = [checkpoint, clip].find((path) => path !== undefined && !existsSync(path));
if (checkpoint === undefined || clip === undefined) {
  skip(`no ${checkpoint === undefined ? "checkpoint" : "clip"} is given`);
} else if (absent !== undefined) {
  skip(`there is no file ${absent}`);
} else {
  try {
    await verify(checkpoint, clip);
  } catch (error) {
    if (!(error instanceof CheckpointError || error instanceof UserError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
