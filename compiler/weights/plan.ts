/** How one parameter gets its values from a checkpoint. */
import { resizePatches, sumChannels, swapKernelAxes } from "./adapt-patches.ts";
import { type ImportContext, type Plan, printGrid, requireShape, sourceOrder } from "./import-context.ts";
import { planPositions } from "./plan-positions.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";

const planPatches = (
  context: ImportContext,
  [width = 0, , targetRows = 0, targetColumns = 0]: readonly number[],
): Plan => {
  const tensor = requireShape(context, "v.patch_embed.proj.weight", [width, undefined, undefined, undefined]);
  const [, channels = 1, first = 0, second = 0] = tensor.shape;
  const isTimeFirst = sourceOrder(context) === "timeFirst";
  const from = isTimeFirst ? { rows: second, columns: first } : { rows: first, columns: second };
  const to = { rows: targetRows, columns: targetColumns };
  const isSameSize = printGrid(from) === printGrid(to);
  if (!isSameSize && context.options.patches !== "bilinear") {
    const fix = 'make them equal or state checkpoint({ patches: "bilinear" })';
    throw new CheckpointError(
      context.source.path,
      `has patches of ${printGrid(from)}, but the spec's are ${printGrid(to)}; ${fix}`,
    );
  }
  const read = (): Float32Array => {
    const summed = channels === 1 ? tensor.read() : sumChannels(tensor.read(), tensor.shape);
    const kernels = isTimeFirst ? swapKernelAxes(summed, width, from) : summed;
    return isSameSize ? kernels : resizePatches(kernels, width, from, to);
  };
  const changes = [
    ...(channels === 1 ? [] : [`${channels} input channels summed`]),
    ...(isTimeFirst ? ["kernels [frames, bins] -> [bins, frames]"] : []),
    ...(isSameSize ? [] : [`patches ${printGrid(from)} -> ${printGrid(to)}`]),
  ];
  const isOrderTold = context.source.layout.grid === "any" || channels !== 1 || context.options.order !== undefined;
  const warning =
    "its kernels of one channel are taken as [bins, frames]; if they are [frames, bins], " +
    'state checkpoint({ order: "timeFirst" })';
  return {
    read,
    from: tensor.from,
    ...(changes.length > 0 ? { note: changes.join(", ") } : {}),
    ...(isOrderTold ? {} : { warning }),
  };
};

const planDist = (context: ImportContext, shape: readonly number[]): Plan => {
  if (context.source.tensors.has("v.dist_token")) return requireShape(context, "v.dist_token", shape);
  if (context.options.missingDist !== "copyOfCls") {
    const fix = 'either leave it out of the spec or state checkpoint({ missingDist: "copyOfCls" })';
    throw new CheckpointError(
      context.source.path,
      `has no distillation token, but the spec has a token "dist"; ${fix}`,
    );
  }
  const { read, from } = requireShape(context, "v.cls_token", shape);
  return { read, from, note: "a copy of the class token" };
};

/** A parameter that the reference does not have comes only from a graph of this compiler that has the same, of the same use. */
const planOwn = ({ source, target }: ImportContext, name: string, shape: readonly number[]): Plan | undefined => {
  const tensor = source.tensors.get(name);
  const classifiers = [source.facts.classifier, target.classifier];
  if (classifiers.some((path) => path !== undefined && name.startsWith(`${path}.`))) return undefined;
  return String(tensor?.shape) === String(shape) ? tensor : undefined;
};

/** Whether a row of the checkpoint's classifier belongs to a class of the spec. */
export const usesClassifier = ({ classes }: ImportContext): boolean =>
  classes?.rows.some((row) => row !== undefined) ?? false;

/** The classifier, [classes, ...]: each class's row is taken from where the checkpoint has it. */
const planClassifier = (context: ImportContext, name: string, shape: readonly number[]): Plan => {
  const { classifier = "", source } = context;
  const rowCount = source.tensors.get(`${classifier}.weight`)?.shape[0];
  const tensor = requireShape(context, name, [rowCount, ...shape.slice(1)]);
  const rows = context.classes?.rows ?? [];
  if (rows.length === tensor.shape[0] && rows.every((row, index) => row === index)) return tensor;
  const width = shape.slice(1).reduce((product, length) => product * length, 1);
  const read = (initial: () => Float32Array): Float32Array => {
    const values = tensor.read();
    const result = rows.includes(undefined) ? initial() : new Float32Array(rows.length * width);
    for (const [index, row] of rows.entries()) {
      if (row !== undefined) result.set(values.subarray(row * width, (row + 1) * width), index * width);
    }
    return result;
  };
  return { read, from: tensor.from, note: "rows by class name" };
};

export const isNorm = (name: string): boolean => name.startsWith("v.norm.");

/**
 * Whether the spec's norm starts anew because the checkpoint's stands before the mean: so are masked autoencoders fine-tuned. A
 * classifier that is kept needs the norm that it was trained with.
 */
export const startsNorm = (context: ImportContext): boolean =>
  context.source.facts.norm === "beforePooling" && context.target.norm === "afterPooling" && !usesClassifier(context);

const attentionBias = /^v\.blocks\.\d+\.attn\.qkv\.bias$/;

/** Trained without biases of queries, keys and values (timm's `qkv_bias=False`): as if they were zero. One that lacks some is damaged. */
export const hasZeroBias = ({ source }: ImportContext, name: string): boolean =>
  attentionBias.test(name) && ![...source.tensors.keys()].some((other) => attentionBias.test(other));

/** Whether a name is one of the reference's. */
export const isReferenceName = (name: string): boolean => /^(?:v|mlp_head)\./.test(name);

/**
 * @param name the parameter's name in the reference, or its own where the reference has none
 * @returns undefined for a parameter that starts at random
 * @throws CheckpointError when the checkpoint does not fit
 */
export const planParameter = (context: ImportContext, name: string, shape: readonly number[]): Plan | undefined => {
  const { classifier } = context;
  if (classifier !== undefined && name.startsWith(`${classifier}.`)) {
    return usesClassifier(context) ? planClassifier(context, name, shape) : undefined;
  }
  if (!isReferenceName(name)) return planOwn(context, name, shape);
  if (name.startsWith("mlp_head.") && !usesClassifier(context)) return undefined;
  if (isNorm(name) && startsNorm(context)) return undefined;
  if (hasZeroBias(context, name)) {
    const [length = 0] = shape;
    return { read: () => new Float32Array(length), from: [], note: "zero: the checkpoint has no such biases" };
  }
  if (name === "v.pos_embed") return planPositions(context, shape);
  if (name === "v.patch_embed.proj.weight") return planPatches(context, shape);
  if (name === "v.dist_token") return planDist(context, shape);
  return requireShape(context, name, shape);
};
