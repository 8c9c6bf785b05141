/** How one parameter gets its values from a checkpoint. */
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import { resizePatches, sumChannels } from "./adapt-patches.ts";
import { adaptPositions, type Grid } from "./adapt-positions.ts";
import type { MatchedCheckpoint, MatchedTensor } from "./match-layout.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { patchesToken, type Target } from "./target.ts";

export interface Plan {
  readonly read: () => Float32Array;
  /** Names in the file. */
  readonly from: readonly string[];
  /** What was done to the values, where they were not just copied. */
  readonly note?: string;
}

export type ImportOptions = Omit<Checkpoint, "kind" | "file">;

/** All that a plan depends on. */
export interface ImportContext {
  /** The checkpoint's file, for messages. */
  readonly path: string;
  readonly source: MatchedCheckpoint;
  readonly target: Target;
  readonly options: ImportOptions;
  readonly classCount: number;
}

export const requireTensor = ({ path, source }: ImportContext, name: string): MatchedTensor => {
  const tensor = source.tensors.get(name);
  if (tensor) return tensor;
  throw new CheckpointError(
    path,
    `has no tensor for ${name} (as official AST names it), which every ${source.layout.name} checkpoint has`,
  );
};

const printGrid = ({ rows, columns }: Grid): string => `${rows}x${columns}`;
const printShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
const elementCount = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** AudioSet's checkpoints of stride 10, whose grid follows from no tensor. */
const audioSetGrid: Grid = { rows: 12, columns: 101 };

/** How a checkpoint's positions were laid out. */
const findGrid = ({ path, source, target, options }: ImportContext, patches: number): Grid => {
  const { grid: stated } = options;
  if (stated) {
    if (stated.rows * stated.columns === patches) return stated;
    throw new CheckpointError(
      path,
      `has ${patches} positions, which the stated grid of ${printGrid(stated)} does not give`,
    );
  }
  const side = Math.round(Math.sqrt(patches));
  if (source.layout.grid === "square") {
    if (side * side === patches) return { rows: side, columns: side };
  } else if (patches === elementCount(Object.values(audioSetGrid))) {
    return audioSetGrid;
  } else if (patches % target.grid.rows === 0) {
    return { rows: target.grid.rows, columns: patches / target.grid.rows };
  }
  throw new CheckpointError(
    path,
    `has ${patches} positions, whose grid cannot be told; state checkpoint({ grid: { rows, columns } })`,
  );
};

const planPositions = (context: ImportContext, shape: readonly number[]): Plan | undefined => {
  const { path, source, target, options } = context;
  const { positions: method = "bilinear" } = options;
  if (method === "random") return undefined;
  const tensor = requireTensor(context, "v.pos_embed");
  const [, length = 0, width = 0] = tensor.shape;
  const sourceTokens = source.tensors.has("v.dist_token") ? ["cls", "dist"] : ["cls"];
  const grid = findGrid(context, length - sourceTokens.length);
  const rowOf = (token: string): number => {
    const row = sourceTokens.indexOf(token);
    if (row >= 0) return row;
    if (token === "dist" && options.missingDist === "copyOfCls") return sourceTokens.indexOf("cls");
    throw new CheckpointError(path, `has no position for the token ${token}`);
  };
  const read = (): Float32Array => {
    const values = tensor.read();
    const patches = adaptPositions(values.subarray(sourceTokens.length * width), grid, target.grid, method);
    const result = new Float32Array(elementCount(shape));
    let offset = 0;
    for (const token of target.positions) {
      const part = token === patchesToken ? patches : values.subarray(rowOf(token) * width, (rowOf(token) + 1) * width);
      result.set(part, offset);
      offset += part.length;
    }
    return result;
  };
  const isSame = printGrid(grid) === printGrid(target.grid);
  return {
    read,
    from: tensor.from,
    ...(isSame ? {} : { note: `positions ${printGrid(grid)} -> ${printGrid(target.grid)}` }),
  };
};

const planPatches = (
  context: ImportContext,
  [width = 0, , targetRows = 0, targetColumns = 0]: readonly number[],
): Plan => {
  const tensor = requireTensor(context, "v.patch_embed.proj.weight");
  const [, channels = 1, rows = 0, columns = 0] = tensor.shape;
  const from = { rows, columns };
  const to = { rows: targetRows, columns: targetColumns };
  const isSameSize = printGrid(from) === printGrid(to);
  if (!isSameSize && context.options.patches !== "bilinear") {
    const fix = 'make them equal or state checkpoint({ patches: "bilinear" })';
    throw new CheckpointError(
      context.path,
      `has patches of ${printGrid(from)}, but the spec's are ${printGrid(to)}; ${fix}`,
    );
  }
  const read = (): Float32Array => {
    const summed = channels === 1 ? tensor.read() : sumChannels(tensor.read(), tensor.shape);
    return isSameSize ? summed : resizePatches(summed, width, from, to);
  };
  const changes = [
    ...(channels === 1 ? [] : [`${channels} input channels summed`]),
    ...(isSameSize ? [] : [`patches ${printGrid(from)} -> ${printGrid(to)}`]),
  ];
  return { read, from: tensor.from, ...(changes.length > 0 ? { note: changes.join(", ") } : {}) };
};

const planDist = (context: ImportContext): Plan => {
  const own = context.source.tensors.get("v.dist_token");
  if (own) return own;
  if (context.options.missingDist !== "copyOfCls") {
    const fix = 'either leave it out of the spec or state checkpoint({ missingDist: "copyOfCls" })';
    throw new CheckpointError(context.path, `has no distillation token, but the spec has a token "dist"; ${fix}`);
  }
  return { ...requireTensor(context, "v.cls_token"), note: "a copy of the class token" };
};

const planCopy = (context: ImportContext, name: string, shape: readonly number[]): Plan => {
  const tensor = requireTensor(context, name);
  if (String(tensor.shape) === String(shape)) return tensor;
  const found = `${tensor.from.join(" + ")} has shape ${printShape(tensor.shape)}`;
  throw new CheckpointError(context.path, `${found}, but the spec's is ${printShape(shape)}`);
};

/** Classes of the checkpoint's audio classifier; undefined when it has none. */
export const sourceClassCount = ({ source }: ImportContext): number | undefined =>
  source.tensors.get("mlp_head.1.weight")?.shape[0];

/**
 * @param name the parameter's name in the reference
 * @returns undefined for a parameter that starts at random
 * @throws CheckpointError when the checkpoint does not fit
 */
export const planParameter = (context: ImportContext, name: string, shape: readonly number[]): Plan | undefined => {
  if (name.startsWith("mlp_head.") && sourceClassCount(context) !== context.classCount) return undefined;
  if (name === "v.pos_embed") return planPositions(context, shape);
  if (name === "v.patch_embed.proj.weight") return planPatches(context, shape);
  if (name === "v.dist_token") return planDist(context);
  return planCopy(context, name, shape);
};
