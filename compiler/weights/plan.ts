/** How one parameter gets its values from a checkpoint. */
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import { resizePatches, sumChannels } from "./adapt-patches.ts";
import { adaptPositions, type Grid } from "./adapt-positions.ts";
import { type Geometry, patchesToken } from "./geometry.ts";
import type { MatchedCheckpoint, MatchedTensor } from "./match-layout.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";

export interface Plan {
  readonly read: () => Float32Array;
  /** Names in the file. */
  readonly from: readonly string[];
  /** What was done to the values, where they were not just copied. */
  readonly note?: string;
  /** What was taken for granted. */
  readonly warning?: string;
}

export type ImportOptions = Omit<Checkpoint, "kind" | "file">;

/** All that a plan depends on. */
export interface ImportContext {
  /** The checkpoint's file, for messages. */
  readonly path: string;
  readonly source: MatchedCheckpoint;
  readonly target: Geometry;
  readonly options: ImportOptions;
  readonly classCount: number;
}

export const requireTensor = ({ path, source }: ImportContext, name: string): MatchedTensor => {
  const tensor = source.tensors.get(name);
  if (tensor) return tensor;
  throw new CheckpointError(path, `has no tensor for ${name} (as official AST names it), which the spec needs`);
};

const printGrid = ({ rows, columns }: Grid): string => `${rows}x${columns}`;
const printShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
const elementCount = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
const count = ({ rows, columns }: Grid): number => rows * columns;
const nameOf = ({ from }: MatchedTensor): string => from.join(" + ");

/** The tensor, whose shape is that of the parameter, except in the axes that are adapted. */
const requireShape = (context: ImportContext, name: string, shape: readonly (number | undefined)[]): MatchedTensor => {
  const tensor = requireTensor(context, name);
  const fits =
    tensor.shape.length === shape.length &&
    shape.every((length, axis) => (length ?? tensor.shape[axis]) === tensor.shape[axis]);
  if (fits) return tensor;
  const expected = `[${shape.map((length) => length ?? "any").join(", ")}]`;
  throw new CheckpointError(
    context.path,
    `${nameOf(tensor)} has shape ${printShape(tensor.shape)}, but the spec's is ${expected}`,
  );
};

/** AudioSet's checkpoints of stride 10, whose grid follows from no tensor. */
const audioSetGrid: Grid = { rows: 12, columns: 101 };

const stateGrid = "state checkpoint({ grid: { rows, columns } })";

interface SourceGrid {
  readonly grid: Grid;
  readonly warning?: string;
}

/** How a checkpoint's positions were laid out. */
const findGrid = ({ path, source, target, options }: ImportContext, patches: number): SourceGrid => {
  const known = options.grid ?? source.geometry.grid;
  if (known) {
    if (count(known) === patches) return { grid: known };
    const told = options.grid ? "the stated grid" : "the grid it was saved with";
    throw new CheckpointError(path, `has ${patches} positions, which ${told}, ${printGrid(known)}, does not give`);
  }
  const side = Math.round(Math.sqrt(patches));
  if (source.layout.grid === "square") {
    if (side * side === patches) return { grid: { rows: side, columns: side } };
  } else if (patches === count(target.grid)) {
    return { grid: target.grid };
  } else if (patches === count(audioSetGrid)) {
    return { grid: audioSetGrid };
  } else if (patches % target.grid.rows === 0) {
    const grid = { rows: target.grid.rows, columns: patches / target.grid.rows };
    return { grid, warning: `its ${patches} positions are taken as ${printGrid(grid)}; if they are not, ${stateGrid}` };
  }
  throw new CheckpointError(path, `has ${patches} positions, whose grid cannot be told; ${stateGrid}`);
};

/** The first row of each token, and of the patches. */
const startsOf = (positions: readonly string[], patches: number): ReadonlyMap<string, number> => {
  let end = 0;
  const starts = new Map<string, number>();
  for (const name of positions) {
    starts.set(name, end);
    end += name === patchesToken ? patches : 1;
  }
  return starts;
};

const planPositions = (context: ImportContext, shape: readonly number[]): Plan | undefined => {
  const { path, source, target, options } = context;
  const { positions: method = "bilinear" } = options;
  if (method === "random") return undefined;
  const { width } = target;
  const tensor = requireShape(context, "v.pos_embed", [1, undefined, width]);
  const tokensInFile = ["cls", "dist"].filter((token) => source.tensors.has(`v.${token}_token`));
  const sourcePositions = source.geometry.positions ?? [...tokensInFile, patchesToken];
  const patchCount = (tensor.shape[1] ?? 0) - (sourcePositions.length - 1);
  const { grid, warning } = findGrid(context, patchCount);
  const starts = startsOf(sourcePositions, patchCount);
  const startOf = (token: string): number => {
    const start = starts.get(token) ?? (token === "dist" && options.missingDist ? starts.get("cls") : undefined);
    if (start !== undefined) return start;
    const fix = 'leave it out of the spec or state checkpoint({ positions: "random" })';
    throw new CheckpointError(path, `has no position for the token "${token}"; ${fix}`);
  };
  const places = target.positions.map((token) => ({ token, start: startOf(token) }));
  const read = (): Float32Array => {
    const values = tensor.read();
    const result = new Float32Array(elementCount(shape));
    let offset = 0;
    for (const { token, start } of places) {
      const rows = token === patchesToken ? patchCount : 1;
      const own = values.subarray(start * width, (start + rows) * width);
      const part = token === patchesToken ? adaptPositions(own, grid, target.grid, method) : own;
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
    ...(warning === undefined ? {} : { warning }),
  };
};

const planPatches = (
  context: ImportContext,
  [width = 0, , targetRows = 0, targetColumns = 0]: readonly number[],
): Plan => {
  const tensor = requireShape(context, "v.patch_embed.proj.weight", [width, undefined, undefined, undefined]);
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

const planDist = (context: ImportContext, shape: readonly number[]): Plan => {
  if (context.source.tensors.has("v.dist_token")) return requireShape(context, "v.dist_token", shape);
  if (context.options.missingDist !== "copyOfCls") {
    const fix = 'either leave it out of the spec or state checkpoint({ missingDist: "copyOfCls" })';
    throw new CheckpointError(context.path, `has no distillation token, but the spec has a token "dist"; ${fix}`);
  }
  const { read, from } = requireShape(context, "v.cls_token", shape);
  return { read, from, note: "a copy of the class token" };
};

/** A parameter that the reference does not have comes only from a graph of this compiler that has the same. */
const planOwn = ({ source }: ImportContext, name: string, shape: readonly number[]): Plan | undefined => {
  const tensor = source.tensors.get(name);
  return String(tensor?.shape) === String(shape) ? tensor : undefined;
};

/** Classes of the checkpoint's audio classifier; undefined when it has none. */
export const sourceClassCount = ({ source }: ImportContext): number | undefined =>
  source.tensors.get("mlp_head.1.weight")?.shape[0];

/** Whether a name is one of the reference's. */
export const isReferenceName = (name: string): boolean => /^(?:v|mlp_head)\./.test(name);

/**
 * @param name the parameter's name in the reference, or its own where the reference has none
 * @returns undefined for a parameter that starts at random
 * @throws CheckpointError when the checkpoint does not fit
 */
export const planParameter = (context: ImportContext, name: string, shape: readonly number[]): Plan | undefined => {
  if (!isReferenceName(name)) return planOwn(context, name, shape);
  if (name.startsWith("mlp_head.") && sourceClassCount(context) !== context.classCount) return undefined;
  if (name === "v.pos_embed") return planPositions(context, shape);
  if (name === "v.patch_embed.proj.weight") return planPatches(context, shape);
  if (name === "v.dist_token") return planDist(context, shape);
  return requireShape(context, name, shape);
};
