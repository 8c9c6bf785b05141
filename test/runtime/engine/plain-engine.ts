import { nodeEngine } from "../../../runtime/engine/node.ts";

/** Runs graphs as their files have them, to the bit: attention is not tiled. */
export const plainEngine = { ...nodeEngine, tilesAttention: false };
