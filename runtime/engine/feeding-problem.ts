/** What the runtime gives the gradients: the batch, and what the graph says is drawn. */
import { printDim } from "../../compiler/artifact/dim.ts";
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import type { Draw } from "../../compiler/artifact/draws.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { names } from "../../compiler/artifact/names.ts";
import type { onnx } from "../../compiler/artifact/onnx.ts";
import { quoted } from "../../compiler/artifact/printable.ts";

type Inputs = readonly onnx.IValueInfoProto[];

/** Such as `float32 [batch, 2]`. */
const describeInput = ({ type }: onnx.IValueInfoProto): string => {
  if (!type?.tensorType) return "a tensor of no type";
  const { elemType, shape } = type.tensorType;
  const [dtype = `element type ${elemType}`] =
    Object.entries(onnxTypeNumbers).find(([, number]) => number === elemType) ?? [];
  const dims = (shape?.dim ?? []).map(({ dimValue, dimParam }) => (dimValue ? String(dimValue) : (dimParam ?? "?")));
  return `${dtype} [${dims.join(", ")}]`;
};

const describeDraw = ({ dtype, shape }: Draw): string => `${dtype} [${shape.map(printDim).join(", ")}]`;

const drawProblem = (draw: Draw, batch: ReadonlySet<string>, declared: Inputs, classes: number): string | undefined => {
  const { input, shape, distribution } = draw;
  if (batch.has(input) || input === names.learningRate) return `it draws ${quoted(input)}, which the runtime gives`;
  const found = declared.find(({ name }) => name === input);
  if (!found) return `it draws ${quoted(input)}, which its gradients do not have as an input`;
  const [drawn, read] = [describeDraw(draw), describeInput(found)];
  if (drawn !== read) return `it draws ${quoted(input)} as ${drawn}, which its gradients read as ${read}`;
  if (distribution.kind === "targets" && shape[1] !== classes)
    return `it draws ${quoted(input)} as targets of ${printDim(shape[1] ?? 0)} classes, and it names ${classes}`;
  return undefined;
};

/**
 * @param declared the inputs of the gradients' algorithm
 * @param read the inputs that the gradients are run with, but for the states
 * @returns what is wrong, as a sentence; undefined where nothing is
 */
export const feedingProblem = (
  { input, classes, draws, recipe }: Pick<ArtifactMetadata, "input" | "classes" | "draws" | "recipe">,
  declared: Inputs,
  read: Inputs,
): string | undefined => {
  const batch = new Set<string>([
    input === "waveform" ? names.waveform : names.features,
    names.targets,
    names.accumulate,
  ]);
  for (const draw of draws) {
    const problem = drawProblem(draw, batch, declared, classes.length);
    if (problem !== undefined) return problem;
  }
  // Without it the last part's gradients would take the place of the others'.
  if (recipe.accumulate > 1 && !read.some(({ name }) => name === names.accumulate))
    return `its recipe has ${recipe.accumulate} parts in a step, whose gradients it does not add up`;
  const isDrawn = new Set(draws.map((draw) => draw.input));
  const other = read.find(({ name }) => !batch.has(name ?? "") && !isDrawn.has(name ?? ""));
  return other && `its gradients read ${quoted(other.name ?? "")}, which is neither of the batch nor drawn`;
};
