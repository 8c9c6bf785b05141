/** Fills a model's parameters from a checkpoint, adapted to the spec as the reference adapts them (`ast_models.py`). */
import type { AddTokens, PatchEmbedding } from "../../spec/dsl/layers.ts";
import type { Checkpoint as CheckpointSpec } from "../../spec/dsl/pretrained.ts";
import type { NormalizedSpec } from "../frontend/normalized-spec.ts";
import type { State } from "../ir/graph.ts";
import { resizePatches, sumChannels } from "./adapt-patches.ts";
import { adaptPositions, type Grid } from "./adapt-positions.ts";
import type { Coverage, SourceCoverage, TargetCoverage } from "./coverage.ts";
import { initialize } from "./initialize.ts";
import { referenceName } from "./layouts/reference-name.ts";
import { type MatchedCheckpoint, type MatchedTensor, matchLayout } from "./match-layout.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { openCheckpoint } from "./readers/open-checkpoint.ts";

export interface ImportedWeights {
  /** A parameter's values, row-major. Throws CheckpointError when the file's bytes turn out to be corrupt. */
  readonly read: (state: State) => Float32Array;
  /** Complete once every parameter was read. */
  readonly coverage: () => Coverage;
}

/** What of the spec decides the shapes of an AST's parameters. */
interface Target {
  readonly grid: Grid;
  /** Tokens in the order of their positions; "patches" stands for the grid. */
  readonly positions: readonly string[];
  readonly depth: number;
}

const describeTarget = ({ network, features }: NormalizedSpec): Target => {
  const layers = network.map(({ layer }) => layer);
  const embedding = layers.find((layer): layer is PatchEmbedding => layer.kind === "patchEmbedding");
  const along = (axis: "bins" | "frames"): number =>
    embedding ? Math.floor((features[axis] - embedding.patch[axis]) / embedding.stride[axis]) + 1 : 0;
  const positions = layers
    .filter((layer): layer is AddTokens => layer.kind === "addTokens")
    .reduce<readonly string[]>(
      (order, { names, position }) => (position === "first" ? [...names, ...order] : [...order, ...names]),
      ["patches"],
    );
  const blocks = network.flatMap(({ path }) => /^blocks\.(\d+)\./.exec(path)?.[1] ?? []);
  return { grid: { rows: along("bins"), columns: along("frames") }, positions, depth: new Set(blocks).size };
};

const countBlocks = ({ tensors }: MatchedCheckpoint): number =>
  new Set([...tensors.keys()].flatMap((name) => /^v\.blocks\.(\d+)\./.exec(name)?.[1] ?? [])).size;

/** AudioSet's checkpoints of stride 10, whose grid follows from no tensor. */
const audioSetGrid: Grid = { rows: 12, columns: 101 };

const findGrid = (path: string, patches: number, isSquare: boolean, target: Grid, stated: Grid | undefined): Grid => {
  if (stated) {
    if (stated.rows * stated.columns === patches) return stated;
    throw new CheckpointError(
      path,
      `has ${patches} positions, which is not the stated grid of ${stated.rows}x${stated.columns}`,
    );
  }
  const side = Math.round(Math.sqrt(patches));
  if (isSquare && side * side === patches) return { rows: side, columns: side };
  if (!isSquare && patches === audioSetGrid.rows * audioSetGrid.columns) return audioSetGrid;
  if (!isSquare && patches % target.rows === 0) return { rows: target.rows, columns: patches / target.rows };
  throw new CheckpointError(
    path,
    `has ${patches} positions, whose grid cannot be told; state it: checkpoint({ grid: { rows, columns } })`,
  );
};

const printGrid = ({ rows, columns }: Grid): string => `${rows}x${columns}`;
const printShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
const sameShape = (a: readonly number[], b: readonly number[]): boolean => String(a) === String(b);

/** How one parameter gets its values. */
interface Plan {
  readonly read: () => Float32Array;
  readonly from: readonly string[];
  readonly note?: string;
  readonly isResized?: boolean;
}

/**
 * @param path the checkpoint
 * @param options the spec's `pretrained`
 * @param states the model's parameters
 * @throws CheckpointError when the file is broken, its layout unknown, or its architecture not the spec's
 */
export const importWeights = (
  path: string,
  options: Omit<CheckpointSpec, "kind" | "file">,
  spec: NormalizedSpec,
  states: readonly State[],
): ImportedWeights => {
  const source = matchLayout(openCheckpoint(path), path);
  const target = describeTarget(spec);
  const { layout, tensors } = source;
  const shapes = new Map(states.map(({ value }) => [referenceName(value.name), value.type.shape.map(Number)]));

  const require = (name: string): MatchedTensor => {
    const tensor = tensors.get(name);
    if (tensor) return tensor;
    throw new CheckpointError(path, `lacks ${name} (its name in a ${layout.name} checkpoint may differ)`);
  };

  const width = require("v.cls_token").shape.at(-1) ?? 0;
  const targetWidth = shapes.get("v.norm.weight")?.[0] ?? width;
  const depth = countBlocks(source);
  if (width !== targetWidth || depth !== target.depth) {
    const fix = [
      ...(width === targetWidth ? [] : [`width ${width}`]),
      ...(depth === target.depth ? [] : [`depth ${depth}`]),
    ];
    throw new CheckpointError(
      path,
      `has ${depth} blocks of width ${width}, but the spec has ${target.depth} of width ${targetWidth}; the spec would need ${fix.join(" and ")}`,
    );
  }

  const hasDist = tensors.has("v.dist_token");
  const copyDist = (): string => {
    if (options.missingDist === "copyOfCls") return "v.cls_token";
    throw new CheckpointError(
      path,
      'has no distillation token, but the spec has a token "dist"; either leave it out of the spec or state checkpoint({ missingDist: "copyOfCls" })',
    );
  };

  const planPositions = (shape: readonly number[]): Plan | undefined => {
    if (options.positions === "random") return undefined;
    const tensor = require("v.pos_embed");
    const sourceTokens = hasDist ? ["cls", "dist"] : ["cls"];
    const patches = (tensor.shape[1] ?? 0) - sourceTokens.length;
    const grid = findGrid(path, patches, layout.grid === "square", target.grid, options.grid);
    const rowOf = (token: string): number => {
      const row = sourceTokens.indexOf(token);
      if (row >= 0) return row;
      if (token === "dist" && options.missingDist === "copyOfCls") return 0;
      throw new CheckpointError(path, `has no position for the token ${token}`);
    };
    const read = (): Float32Array => {
      const values = tensor.read();
      const patchPositions = values.subarray(sourceTokens.length * width);
      const adapted = adaptPositions(
        patchPositions,
        grid,
        target.grid,
        options.positions === "nearest" ? "nearest" : "bilinear",
      );
      const result = new Float32Array(shape.reduce((total, length) => total * length, 1));
      let offset = 0;
      for (const token of target.positions) {
        const row = token === "patches" ? adapted : values.subarray(rowOf(token) * width, (rowOf(token) + 1) * width);
        result.set(row, offset);
        offset += row.length;
      }
      return result;
    };
    const isSame = grid.rows === target.grid.rows && grid.columns === target.grid.columns;
    return {
      read,
      from: tensor.from,
      ...(isSame ? {} : { isResized: true, note: `positions ${printGrid(grid)} -> ${printGrid(target.grid)}` }),
    };
  };

  const planPatches = (shape: readonly number[]): Plan => {
    const tensor = require("v.patch_embed.proj.weight");
    const [, channels = 1, rows = 0, columns = 0] = tensor.shape;
    const [, , targetRows = 0, targetColumns = 0] = shape;
    const [from, to] = [
      { rows, columns },
      { rows: targetRows, columns: targetColumns },
    ];
    const isSameSize = rows === targetRows && columns === targetColumns;
    if (!isSameSize && options.patches !== "bilinear") {
      const fix = 'make them equal or state checkpoint({ patches: "bilinear" })';
      throw new CheckpointError(path, `has patches of ${printGrid(from)}, but the spec's are ${printGrid(to)}; ${fix}`);
    }
    const summed = (): Float32Array => (channels === 1 ? tensor.read() : sumChannels(tensor.read(), tensor.shape));
    const changes = [
      ...(channels === 1 ? [] : [`${channels} input channels summed`]),
      ...(isSameSize ? [] : [`patches ${printGrid(from)} -> ${printGrid(to)}`]),
    ];
    return {
      read: () => (isSameSize ? summed() : resizePatches(summed(), width, from, to)),
      from: tensor.from,
      ...(changes.length > 0 ? { isResized: true, note: changes.join(", ") } : {}),
    };
  };

  const sourceClasses = tensors.get("mlp_head.1.weight")?.shape[0];
  const keepsHead = sourceClasses === spec.classes.length;

  const plan = (name: string, shape: readonly number[]): Plan | undefined => {
    if (name.startsWith("mlp_head.") && !keepsHead) return undefined;
    if (name === "v.pos_embed") return planPositions(shape);
    if (name === "v.patch_embed.proj.weight") return planPatches(shape);
    const isCopied = name === "v.dist_token" && !hasDist;
    const tensor = require(isCopied ? copyDist() : name);
    if (!sameShape(tensor.shape, shape)) {
      throw new CheckpointError(
        path,
        `${tensor.from.join(" + ")} has shape ${printShape(tensor.shape)}, expected ${printShape(shape)}`,
      );
    }
    return { read: tensor.read, from: tensor.from, ...(isCopied ? { note: "a copy of the class token" } : {}) };
  };

  const initialisedNote = (reference: string | undefined): string => {
    if (reference === undefined) return "new in this spec";
    if (reference === "v.pos_embed") return "random, as the spec says";
    return sourceClasses === undefined
      ? "the checkpoint has no audio classifier"
      : `${sourceClasses} -> ${spec.classes.length} classes`;
  };

  const plans = new Map<string, Plan>();
  const targets = states.map(({ value }): TargetCoverage => {
    const reference = referenceName(value.name);
    const shape = value.type.shape.map(Number);
    const planned = reference === undefined ? undefined : plan(reference, shape);
    if (planned) plans.set(value.name, planned);
    const note = planned ? planned.note : initialisedNote(reference);
    return {
      name: value.name,
      shape,
      status: planned ? "filled" : "initialised",
      from: planned?.from ?? [],
      ...(note === undefined ? {} : { note }),
    };
  });

  const usedBy = new Map([...plans.values()].flatMap((used) => used.from.map((name) => [name, used] as const)));
  const leftOver = [...tensors].filter(([, { from }]) => !from.some((name) => usedBy.has(name)));
  const mayBeLeft = /^(v\.dist_token|v\.pos_embed|mlp_head\..*)$/;
  const unexpected = leftOver.find(([name]) => !mayBeLeft.test(name));
  if (unexpected) throw new CheckpointError(path, `${unexpected[1].from.join(" + ")} has no place in the spec`);

  const sources = [
    ...[...tensors.values()].flatMap(({ from, shape }) =>
      from.map((name): SourceCoverage => {
        const used = usedBy.get(name);
        if (!used) return { name, shape, status: "dropped", note: "not in the spec" };
        return {
          name,
          shape,
          status: used.isResized ? "resized" : "used",
          ...(used.note === undefined ? {} : { note: used.note }),
        };
      }),
    ),
    ...source.dropped.map((name): SourceCoverage => ({
      name,
      shape: [],
      status: "dropped",
      note: "the source's own classifier",
    })),
  ];

  const warnings: string[] = [];
  const read = (state: State): Float32Array => {
    const planned = plans.get(state.value.name);
    if (!planned) return initialize(state, spec.seed);
    const values = planned.read();
    const broken = values.reduce((total, value) => (Number.isFinite(value) ? total : total + 1), 0);
    if (broken > 0) warnings.push(`${planned.from.join(" + ")} has ${broken} values that are not finite`);
    return values;
  };
  return { read, coverage: () => ({ file: path, layout: layout.name, sources, targets, warnings }) };
};
