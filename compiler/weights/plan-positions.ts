/** How the positional embeddings get their values from a checkpoint's: token by token, patches from grid to grid. */
import { patchesToken } from "../artifact/token-layout.ts";
import type { Grid } from "../ir/flow.ts";
import { adaptPositions, transposeGrid } from "./adapt-positions.ts";
import {
  type ImportContext,
  type Plan,
  printGrid,
  requireShape,
  requireTensor,
  sourceOrder,
} from "./import-context.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { guessGrids } from "./facts/source-grid.ts";

const count = ({ rows, columns }: Grid): number => rows * columns;
const isSquare = (patches: number): boolean => Number.isInteger(Math.sqrt(patches)) && patches > 0;

/** A checkpoint's table of positions. */
interface SourcePositions {
  readonly grid: Grid;
  /** The first row of each token, and of the patches; undefined: a token without a position. */
  readonly starts: ReadonlyMap<string, number | undefined>;
  readonly warning?: string;
}

const stateGrid = "state checkpoint({ grid: { rows, columns } })";

const refuse = ({ source }: ImportContext, what: string): never => {
  throw new CheckpointError(source.path, what);
};

/** Of a spectrogram whose grid no file tells. */
const guess = (context: ImportContext, patches: number): Pick<SourcePositions, "grid" | "warning"> => {
  const { layout } = context.source;
  const [, , first = 0, second = 0] = requireTensor(context, "v.patch_embed.proj.weight").shape;
  const isTimeFirst = sourceOrder(context) === "timeFirst";
  const patch = isTimeFirst ? { rows: second, columns: first } : { rows: first, columns: second };
  const { isPublished, grids } = guessGrids(patches, patch);
  const [grid, ...others] = grids;
  const fix = layout.gridFile ? `put its ${layout.gridFile} beside it or ${stateGrid}` : stateGrid;
  // Pictures in grey are squares too.
  if (isTimeFirst && isSquare(patches)) {
    return refuse(context, `has ${patches} positions, which may be a picture's; ${stateGrid}`);
  }
  if (!grid) return refuse(context, `has ${patches} positions, whose grid cannot be told; ${fix}`);
  if (others.length > 0 && !isPublished) {
    return refuse(context, `has ${patches} positions, which may be ${grids.map(printGrid).join(" or ")}; ${fix}`);
  }
  if (patch.rows !== 16 || (isPublished && others.length === 0)) return { grid };
  return { grid, warning: `its ${patches} positions are taken as ${printGrid(grid)}; if they are not, ${stateGrid}` };
};

const tokensInFile = ({ source }: ImportContext): readonly string[] =>
  ["cls", "dist"].filter((token) => source.tensors.has(`v.${token}_token`));

/** timm's `no_embed_class`: the tokens are put before the patches after these got their positions. */
const withoutTokens = (tokens: readonly string[]): SourcePositions["starts"] =>
  new Map([...tokens.map((token) => [token, undefined] as const), [patchesToken, 0] as const]);

const withTokens = (positions: readonly string[], patches: number): SourcePositions["starts"] => {
  let end = 0;
  const starts = new Map<string, number>();
  for (const name of positions) {
    starts.set(name, end);
    end += name === patchesToken ? patches : 1;
  }
  return starts;
};

const findPositions = (context: ImportContext, length: number): SourcePositions => {
  const { source, options } = context;
  const { facts, layout } = source;
  const tokens = tokensInFile(context);
  const positions = facts.positions ?? [...tokens, patchesToken];
  const patches = length - (positions.length - 1);
  if (options.grid && facts.grid && printGrid(options.grid) !== printGrid(facts.grid)) {
    const [stated, own] = [printGrid(options.grid), printGrid(facts.grid)];
    return refuse(
      context,
      `has ${own} positions by its own record, not ${stated} as stated; leave checkpoint({ grid }) out`,
    );
  }
  const known = options.grid ?? facts.grid;
  const isPicture = layout.grid === "square";
  if (known) {
    if (count(known) === patches) return { grid: known, starts: withTokens(positions, patches) };
    if (isPicture && count(known) === length) return { grid: known, starts: withoutTokens(tokens) };
    const told = options.grid ? "the stated grid" : "the grid it was saved with";
    return refuse(context, `has ${patches} positions, which ${told}, ${printGrid(known)}, does not give`);
  }
  if (!isPicture) return { ...guess(context, patches), starts: withTokens(positions, patches) };
  const [side, starts] = isSquare(patches)
    ? [Math.sqrt(patches), withTokens(positions, patches)]
    : [Math.sqrt(length), withoutTokens(tokens)];
  if (Number.isInteger(side)) return { grid: { rows: side, columns: side }, starts };
  return refuse(context, `has ${patches} positions, whose grid cannot be told; ${stateGrid}`);
};

/** With one input channel a picture's layout may be a spectrogram's, of either order. */
const requireOrder = (context: ImportContext, { rows, columns }: Grid): void => {
  const { source, options } = context;
  const channels = requireTensor(context, "v.patch_embed.proj.weight").shape[1];
  if (source.layout.grid !== "square" || channels !== 1 || rows === columns || options.order) return;
  refuse(
    context,
    "has patches of one channel, by frequency or by time first; " +
      'state checkpoint({ order: "frequencyFirst" }), with kernels [bins, frames], or "timeFirst", with kernels [frames, bins]',
  );
};

/**
 * @param shape [1, tokens, width]
 * @returns undefined where they are to start at random
 * @throws CheckpointError where the source's grid or a token's position is not known
 */
export const planPositions = (context: ImportContext, [, length = 0]: readonly number[]): Plan | undefined => {
  const { target, options } = context;
  const { positions: method = "bilinear" } = options;
  if (method === "random") return undefined;
  const { width } = target;
  const tensor = requireShape(context, "v.pos_embed", [1, undefined, width]);
  const { grid, starts, warning } = findPositions(context, tensor.shape[1] ?? 0);
  requireOrder(context, grid);
  const isTimeFirst = sourceOrder(context) === "timeFirst";
  const sourceToken = (token: string): string => {
    if (starts.has(token)) return token;
    if (token === "dist" && options.missingDist && starts.has("cls")) return "cls";
    const fix = 'leave it out of the spec or state checkpoint({ positions: "random" })';
    return refuse(context, `has no position for the token "${token}"; ${fix}`);
  };
  const places = target.positions.map((token) => ({ token, start: starts.get(sourceToken(token)) }));
  const read = (): Float32Array => {
    const values = tensor.read();
    const result = new Float32Array(length * width);
    let offset = 0;
    for (const { token, start } of places) {
      const rows = token === patchesToken ? count(target.grid) : 1;
      if (start !== undefined) {
        const end = start + (token === patchesToken ? count(grid) : 1);
        const own = values.subarray(start * width, end * width);
        const patches = (): Float32Array => (isTimeFirst ? transposeGrid(own, grid) : own);
        result.set(token === patchesToken ? adaptPositions(patches(), grid, target.grid, method) : own, offset);
      }
      offset += rows * width;
    }
    return result;
  };
  const bare = places.filter(({ start }) => start === undefined).map(({ token }) => token);
  const notes = [
    ...(printGrid(grid) === printGrid(target.grid)
      ? []
      : [`positions ${printGrid(grid)} -> ${printGrid(target.grid)}`]),
    ...(isTimeFirst ? ["from time first to frequency first"] : []),
    ...(bare.length > 0 ? [`no position for ${bare.join(" and ")}: zero`] : []),
  ];
  return {
    read,
    from: tensor.from,
    ...(notes.length > 0 ? { note: notes.join(", ") } : {}),
    ...(warning === undefined ? {} : { warning }),
  };
};
