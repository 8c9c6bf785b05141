/** The thread that proves a graph's data files while the graph is opened. */
import { nodeParent } from "../threads/node.ts";
import { replyOf } from "../threads/reply.ts";
import { type DataProof, requireOwnData } from "./read-artifact.ts";

const parent = await nodeParent<DataProof>();
parent.post(await replyOf(() => requireOwnData(parent.data)));
