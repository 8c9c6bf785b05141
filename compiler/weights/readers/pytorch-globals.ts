/** The Python globals and persistent ids that tensors and their containers need. Everything else in a pickle is inert. */
import type { Refuse } from "./checkpoint-error.ts";
import { type DType, dtypeNames, dtypes } from "./dtype.ts";
import {
  inertObject,
  isKind,
  type PickleGlobal,
  type PickleObject,
  type PickleTensor,
  type PickleValue,
} from "./pickle-value.ts";
import { arrayCalls } from "./pickled-array.ts";
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
): PickleTensor | PickleObject => {
  if (isKind(storage, "object")) return storage;
  if (!isKind(storage, "storage")) return refuse("a tensor has no storage");
  if (!isCount(offset)) return refuse("a tensor's offset is not a whole number >= 0");
  const elementType = dtype ?? storage.dtype;
  // A complex or quantised tensor, or one of an untyped storage.
  if (elementType === undefined) return inertObject(storage.className);
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
  if (!isKind(named, "global")) return refuse("a tensor's dtype is not known");
  const dtype = dtypeNames.find((name) => named.name === dtypeGlobal(name));
  return dtype === undefined ? inertObject(named.name) : rebuildView(args, dtype, refuse);
};

/** (tensor, ...): requires_grad, hooks and Python attributes do not matter here. */
const firstArgument: Call = ([tensor], refuse) =>
  isKind(tensor, "tensor", "object") ? tensor : refuse("a parameter is not a tensor");

/** (function, class, arguments, state): a tensor that carries Python attributes. */
const rebuildFromType: Call = ([rebuild, , args], refuse) => {
  if (!isKind(rebuild, "global") || !isKind(args, "tuple")) {
    return refuse("a tensor with attributes has no way to be rebuilt");
  }
  if (rebuild.call === undefined) return inertObject(rebuild.name);
  return rebuild.name === "torch._tensor._rebuild_from_type_v2"
    ? refuse("a tensor with attributes is nested in another")
    : rebuild.call(args.items, refuse);
};

/** Python 2 hands over the items, as a list of lists of two. */
const orderedDict: Call = ([pairs], refuse) => {
  if (pairs === undefined) return { kind: "dict", items: [] };
  const items = isKind(pairs, "list", "tuple") ? pairs.items : refuse("a dictionary is not built from a list");
  return {
    kind: "dict",
    items: items.map((pair) => {
      const [key, value] = isKind(pair, "list", "tuple") ? pair.items : [];
      return key === undefined || value === undefined ? refuse("a dictionary is not built from pairs") : [key, value];
    }),
  };
};

/** The argument is what gives a missing key its value. */
const defaultDict: Call = () => ({ kind: "dict", items: [] });

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
  "collections.OrderedDict": orderedDict,
  "collections.defaultdict": defaultDict,
  "collections.Counter": counter,
  "builtins.set": sequence("set"),
  "__builtin__.set": sequence("set"),
  ...arrayCalls,
};

const globals: ReadonlyMap<string, PickleGlobal> = new Map(
  Object.entries(callables).map(([name, call]): [string, PickleGlobal] => [name, { kind: "global", name, call }]),
);

interface StorageType {
  readonly dtype: DType | undefined;
  readonly bytes: number;
}

/** By class; those without a dtype can be passed over, not read. */
const storageTypes: ReadonlyMap<string, StorageType> = new Map<string, StorageType>([
  ["torch.storage.UntypedStorage", { dtype: undefined, bytes: 1 }],
  ["torch.QInt8Storage", { dtype: undefined, bytes: 1 }],
  ["torch.QUInt8Storage", { dtype: undefined, bytes: 1 }],
  ["torch.QInt32Storage", { dtype: undefined, bytes: 4 }],
  ["torch.ComplexFloatStorage", { dtype: undefined, bytes: 8 }],
  ["torch.ComplexDoubleStorage", { dtype: undefined, bytes: 16 }],
  ...dtypeNames.flatMap((dtype) => {
    const { torchStorage, bytes } = dtypes[dtype];
    return torchStorage === undefined ? [] : [[`torch.${torchStorage}Storage`, { dtype, bytes }] as const];
  }),
]);

/** ("storage", class, key, location, elements), in the legacy container followed by None or the view's place in a larger storage. */
const storageOfId = (id: PickleValue, refuse: Refuse): PickleValue => {
  if (!isKind(id, "tuple")) return refuse("the persistent id is not that of a storage");
  const [what, type, key, , elements, view] = id.items;
  // ("module", class, source file, source): in the legacy container, a class of the user's.
  if (what === "module" && isKind(type, "global")) return type;
  if (what !== "storage") return refuse("the persistent id is not that of a storage");
  if (!isKind(type, "global")) return refuse("the persistent id has no storage class");
  const storageType = storageTypes.get(type.name);
  if (typeof key !== "string" || !isCount(elements)) return refuse("the persistent id has no key or no size");
  if (view !== undefined && view !== null) {
    return refuse(
      "a storage inside another one is refused (PyTorch before 0.4 wrote them); save it with a newer PyTorch",
    );
  }
  if (storageType === undefined) return inertObject(type.name);
  const { dtype, bytes } = storageType;
  return { kind: "storage", key, dtype, className: type.name, elements, elementBytes: bytes };
};

export const pytorchRules: PickleRules = { globals, persistent: storageOfId };
