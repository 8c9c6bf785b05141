/** The Python globals and persistent ids that tensors and their containers need. Everything else in a pickle is refused. */
import { type DType, dtypeNames, dtypes } from "./dtype.ts";
import { isKind, type PickleGlobal, type PickleTensor, type PickleValue, type Refuse } from "./pickle-value.ts";
import type { PickleRules } from "./unpickle.ts";

type Call = NonNullable<PickleGlobal["call"]>;

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const counts = (value: PickleValue | undefined, what: string, refuse: Refuse): number[] => {
  const isShape = isKind(value, "tuple", "list") && value.items.every(isCount);
  return isShape ? value.items.filter(isCount) : refuse(`a tensor's ${what} is not a tuple of whole numbers >= 0`);
};

const rebuildView = (
  [storage, offset, shape, strides]: readonly PickleValue[],
  dtype: DType | undefined,
  refuse: Refuse,
): PickleTensor => {
  if (!isKind(storage, "storage")) return refuse("a tensor has no storage");
  if (!isCount(offset)) return refuse("a tensor's offset is not a whole number >= 0");
  const elementType = dtype ?? storage.dtype;
  if (elementType === "untyped") return refuse("a tensor of an untyped storage has no dtype");
  const view = { shape: counts(shape, "shape", refuse), strides: counts(strides, "stride", refuse) };
  if (view.shape.length !== view.strides.length) refuse("a tensor's shape and stride differ in length");
  return { kind: "tensor", storage, dtype: elementType, offset, ...view };
};

/** (storage, offset, shape, strides, requires_grad, hooks, metadata); metadata marks lazily negated or conjugated views. */
const rebuildTensor: Call = (args, refuse) => {
  const metadata = args[6];
  if (isKind(metadata, "dict") && metadata.items.length > 0) {
    refuse("a lazily negated or conjugated tensor is refused; save it with .resolve_neg().resolve_conj()");
  }
  return rebuildView(args, undefined, refuse);
};

const dtypeGlobal = (dtype: DType): string => `torch.${dtype}`;

/** (storage, offset, shape, strides, requires_grad, hooks, dtype, metadata) */
const rebuildUntypedTensor: Call = (args, refuse) => {
  const named = args[6];
  const dtype = dtypeNames.find((name) => isKind(named, "global") && named.name === dtypeGlobal(name));
  return dtype === undefined ? refuse("a tensor's dtype is not known") : rebuildView(args, dtype, refuse);
};

/** (tensor, ...): requires_grad, hooks and Python attributes do not matter here. */
const firstArgument: Call = ([tensor], refuse) =>
  isKind(tensor, "tensor") ? tensor : refuse("a parameter is not a tensor");

/** (function, class, arguments, state): a tensor that carries Python attributes. */
const rebuildFromType: Call = ([rebuild, , args], refuse) => {
  if (!isKind(rebuild, "global") || rebuild.call === undefined || !isKind(args, "tuple")) {
    return refuse("a tensor with attributes has no way to be rebuilt");
  }
  return rebuild.name === "torch._tensor._rebuild_from_type_v2"
    ? refuse("a tensor with attributes is nested in another")
    : rebuild.call(args.items, refuse);
};

const emptyDict: Call = (args, refuse) =>
  args.length === 0 ? { kind: "dict", items: [] } : refuse("a dictionary is built from arguments; expected none");

const counter: Call = ([counted], refuse) =>
  counted === undefined || isKind(counted, "dict")
    ? { kind: "dict", items: counted?.items ?? [] }
    : refuse("a Counter is not built from a dictionary");

const sequence =
  (kind: "set" | "tuple"): Call =>
  ([items], refuse) =>
    isKind(items, "list", "tuple")
      ? { kind, items: items.items }
      : refuse(`a ${kind} is not built from a list or a tuple`);

const callables: Readonly<Record<string, Call>> = {
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor_v3": rebuildUntypedTensor,
  "torch._utils._rebuild_parameter": firstArgument,
  "torch._utils._rebuild_parameter_with_state": firstArgument,
  "torch._tensor._rebuild_from_type_v2": rebuildFromType,
  "torch.Size": sequence("tuple"),
  "torch.device": () => ({ kind: "other" }),
  "collections.OrderedDict": emptyDict,
  "collections.Counter": counter,
  "builtins.set": sequence("set"),
  "__builtin__.set": sequence("set"),
};

const storageDTypes: ReadonlyMap<string, DType | "untyped"> = new Map([
  ["torch.storage.UntypedStorage", "untyped" as const],
  ...dtypeNames.flatMap((dtype) => {
    const { torchStorage } = dtypes[dtype];
    return torchStorage === undefined ? [] : [[`torch.${torchStorage}Storage`, dtype] as const];
  }),
]);

/** Classes and dtypes that are named as arguments but never called. */
const nameables = [
  ...storageDTypes.keys(),
  ...dtypeNames.map(dtypeGlobal),
  "torch.Tensor",
  "torch.nn.parameter.Parameter",
];

const globals: ReadonlyMap<string, PickleGlobal> = new Map([
  ...nameables.map((name): [string, PickleGlobal] => [name, { kind: "global", name }]),
  ...Object.entries(callables).map(([name, call]): [string, PickleGlobal] => [name, { kind: "global", name, call }]),
]);

/** ("storage", class, key, location, elements), in the legacy container followed by None or the view's place in a larger storage. */
const storageOfId = (id: PickleValue, refuse: Refuse): PickleValue => {
  if (!isKind(id, "tuple") || id.items[0] !== "storage") return refuse("the persistent id is not that of a storage");
  const [, type, key, , elements, view] = id.items;
  const dtype = isKind(type, "global") ? storageDTypes.get(type.name) : undefined;
  if (dtype === undefined) return refuse("the persistent id has no storage class");
  if (typeof key !== "string" || !isCount(elements)) return refuse("the persistent id has no key or no size");
  if (view !== undefined && view !== null) {
    return refuse(
      "a storage inside another one is refused (PyTorch before 0.4 wrote them); save it with a newer PyTorch",
    );
  }
  return { kind: "storage", key, dtype, elements };
};

export const pytorchRules: PickleRules = { globals, persistent: storageOfId };
