/** The order in which ONNX Runtime is to compute. */
import { type onnx, valuesOf } from "../../compiler/artifact/onnx.ts";

/**
 * The same nodes, those that no other reads at the end, and of these the one that can be computed first the last. ONNX Runtime
 * (1.30) computes depth first what leads to the last of them, then to the one before it: so each parameter's gradient is
 * computed when what it is made of has just been, and not at last, when all of that has been kept and left the caches.
 */
export const unreadLast = (nodes: readonly onnx.INodeProto[]): onnx.INodeProto[] => {
  const read = new Set(nodes.flatMap((node) => valuesOf(node).inputs));
  const isRead = (node: onnx.INodeProto): boolean => valuesOf(node).outputs.some((name) => read.has(name));
  return [...nodes.filter(isRead), ...nodes.filter((node) => !isRead(node)).toReversed()];
};
