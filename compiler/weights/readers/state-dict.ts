/** Finds the tensors in an unpickled checkpoint and names them by their dotted path. */
import { CheckpointError } from "./checkpoint-error.ts";
import { nameProblem } from "./name-problem.ts";
import { isKind, type PickleDict, type PickleTensor, type PickleValue } from "./pickle-value.ts";

export interface StateDict {
  /** By dotted path. */
  readonly tensors: ReadonlyMap<string, PickleTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

const deepest = 64;

/** Keeps a pickle from unfolding to much more than its own size by naming one container many times. */
const unfoldingPerByte = 16;
const smallPickleBytes = 4096;

const keyText = (key: PickleValue): string => {
  if (typeof key === "string" || typeof key === "number" || typeof key === "bigint") return String(key);
  return "?";
};

const plainText = (value: PickleValue): string | undefined => {
  if (value === null) return "null";
  return typeof value === "object" ? undefined : String(value);
};

/** What a container holds, with a path step for each; a sequence's plain values are no one's business. */
const children = (value: PickleValue): (readonly [step: string, child: PickleValue])[] => {
  if (isKind(value, "dict")) return value.items.map(([key, child]) => [keyText(key), child]);
  if (!isKind(value, "list", "tuple", "set")) return [];
  return value.items.map((child, index) => [String(index), child]);
};

interface Found {
  readonly tensors: Map<string, PickleTensor>;
  readonly metadata: Map<string, string>;
}

const collect = (root: PickleDict, where: string, pickleBytes: number): Found => {
  const refuse = (what: string): never => {
    throw new CheckpointError(where, what);
  };
  const tensors = new Map<string, PickleTensor>();
  const metadata = new Map<string, string>();
  let budget = unfoldingPerByte * Math.max(pickleBytes, smallPickleBytes);
  const spend = (cost: number): void => {
    budget -= cost;
    if (budget < 0) refuse("its containers repeat one another and unfold to far more than the file holds");
  };
  const visit = (value: PickleValue, path: string, depth: number, isInDict: boolean): void => {
    if (depth > deepest) refuse(`is nested deeper than ${deepest} levels`);
    spend(1);
    const text = isInDict ? plainText(value) : undefined;
    if (isKind(value, "tensor") || text !== undefined) spend(path.length);
    if (text !== undefined) metadata.set(path, text);
    if (isKind(value, "tensor")) {
      const problem = nameProblem(path);
      if (problem !== undefined) refuse(`a tensor is refused: ${problem}`);
      if (tensors.has(path)) refuse(`tensor "${path}" is there twice`);
      tensors.set(path, value);
    }
    for (const [step, child] of children(value)) {
      visit(child, path === "" ? step : `${path}.${step}`, depth + 1, isKind(value, "dict"));
    }
  };
  visit(root, "", 0, false);
  return { tensors, metadata };
};

/**
 * @param where names the file in messages
 * @param pickleBytes bounds what the pickle may unfold to
 * @throws CheckpointError where the value is not a dictionary of tensors, or names one twice or like a path
 */
export const findStateDict = (root: PickleValue, where: string, pickleBytes: number): StateDict => {
  if (!isKind(root, "dict")) {
    throw new CheckpointError(
      where,
      "its top level is not a dictionary; expected a state dict: torch.save(model.state_dict(), file)",
    );
  }
  return collect(root, where, pickleBytes);
};
