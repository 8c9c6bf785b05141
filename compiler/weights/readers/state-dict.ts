/** Finds the tensors, NumPy arrays and objects in an unpickled checkpoint and names them by their dotted path. */
import { CheckpointError, refuseAt } from "./checkpoint-error.ts";
import { nameProblem } from "./name-problem.ts";
import { isKind, type PickleDict, type PickleObject, type PickleTensor, type PickleValue } from "./pickle-value.ts";
import { type PickledArray, readPickledArray } from "./pickled-array.ts";

export interface StateDict {
  /** By dotted path. */
  readonly tensors: ReadonlyMap<string, PickleTensor | PickledArray>;
  /** Their classes, by dotted path. */
  readonly objects: ReadonlyMap<string, string>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Far below any state dict; what is nested deeper is passed over. */
const deepest = 64;

/** Keeps a pickle from unfolding to much more than its own size by naming one container many times. */
const unfoldingPerByte = 16;
const smallPickleBytes = 4096;

/** Keys that are no text or number are told apart by their place. */
const keyText = (key: PickleValue, index: number): string =>
  key === null || typeof key === "object" ? `?${index}` : String(key);

const plainText = (value: PickleValue): string | undefined => {
  if (value === null) return "null";
  return typeof value === "object" ? undefined : String(value);
};

/** What a container holds, with a path step for each; a sequence's plain values are no one's business. */
const children = (value: PickleValue): (readonly [step: string, child: PickleValue])[] => {
  if (isKind(value, "dict", "object")) return value.items.map(([key, child], index) => [keyText(key, index), child]);
  if (!isKind(value, "list", "tuple", "set")) return [];
  return value.items.map((child, index) => [String(index), child]);
};

const collect = (root: PickleDict | PickleObject, where: string, pickleBytes: number): StateDict => {
  const refuse = refuseAt(where);
  const tensors = new Map<string, PickleTensor | PickledArray>();
  const objects = new Map<string, string>();
  const metadata = new Map<string, string>();
  let budget = unfoldingPerByte * Math.max(pickleBytes, smallPickleBytes);
  /** The containers around the value that is visited. */
  const around = new Set<PickleValue>();
  const spend = (cost: number): void => {
    budget -= cost;
    if (budget < 0) refuse("its containers repeat one another and unfold to far more than the file holds");
  };
  const addTensor = (path: string, tensor: PickleTensor | PickledArray): void => {
    const problem = nameProblem(path);
    if (problem !== undefined) refuse(`a tensor is refused: ${problem}`);
    if (tensors.has(path)) refuse(`tensor "${path}" is there twice`);
    spend(path.length);
    tensors.set(path, tensor);
  };
  const addObject = (path: string, className: string): void => {
    spend(path.length);
    objects.set(path, className);
  };
  /** What stands in a sequence, such as a log of every step, has no name to be asked for by. */
  const visit = (value: PickleValue, path: string, isNamed: boolean): void => {
    spend(1);
    const text = isNamed ? plainText(value) : undefined;
    if (text !== undefined) {
      spend(path.length);
      metadata.set(path, text);
    }
    if (isKind(value, "tensor")) addTensor(path, value);
    if (isKind(value, "global")) addObject(path, value.name);
    if (isKind(value, "object")) {
      const array = readPickledArray(value);
      if (array) addTensor(path, array);
      else addObject(path, value.className);
    }
    // What holds itself is visited once.
    if (around.has(value) || around.size > deepest) return;
    around.add(value);
    const areNamed = isNamed && isKind(value, "dict", "object");
    for (const [step, child] of children(value)) visit(child, path === "" ? step : `${path}.${step}`, areNamed);
    around.delete(value);
  };
  visit(root, "", true);
  return { tensors, objects, metadata };
};

/** How a state dict is saved, for those who saved something else. */
const advice = "expected a state dict: torch.save(model.state_dict(), file)";

/**
 * @param where names the file in messages
 * @param pickleBytes bounds what the pickle may unfold to
 * @throws CheckpointError where the value is not a dictionary of tensors, or names one twice or like a path
 */
export const findStateDict = (root: PickleValue, where: string, pickleBytes: number): StateDict => {
  const refuse = (what: string): never => {
    throw new CheckpointError(where, `${what}; ${advice}`);
  };
  if (isKind(root, "object") && root.items.length === 0) {
    return refuse(`is a whole object of ${root.className}, whose code would have to be run`);
  }
  if (!isKind(root, "dict", "object")) return refuse("its top level is not a dictionary");
  const found = collect(root, where, pickleBytes);
  const [object] = found.objects;
  if (found.tensors.size === 0 && object) refuse(`holds no tensors; "${object[0]}" is an object of ${object[1]}`);
  return found;
};
