/**
 * A pickle machine that runs no code: it builds plain values and containers, and calls only the globals of a given table.
 * Opcodes and their meaning: Python's pickletools; one row per opcode below. What torch.save never writes is refused.
 */
import { CheckpointError } from "./checkpoint-error.ts";
import { isKind, type PickleDict, type PickleGlobal, type PickleValue, type Refuse } from "./pickle-value.ts";

export interface PickleRules {
  /** Every global that may be named, by its dotted name. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** The object that a persistent id stands for. */
  readonly persistent: (id: PickleValue, refuse: Refuse) => PickleValue;
}

interface Machine extends PickleRules {
  readonly bytes: Buffer;
  readonly stack: PickleValue[];
  /** Stack heights at which MARKs were set. */
  readonly marks: number[];
  readonly memo: Map<number, PickleValue>;
  readonly refuse: Refuse;
  /** Of the next byte to read. */
  position: number;
}

/** torch.save stays below a few thousand, as pickle adds items to containers in batches of 1000. */
const deepestStack = 1_000_000;
/** PyTorch's own magic number takes 10 bytes; no tensor needs more than 9. */
const longestInteger = 255;

const take = (machine: Machine, length: number): Buffer => {
  const left = machine.bytes.length - machine.position;
  if (length < 0) return machine.refuse(`a length of ${length} bytes is negative`);
  if (length > left) return machine.refuse(`${length} bytes are expected, but only ${left} are left in the pickle`);
  machine.position += length;
  return machine.bytes.subarray(machine.position - length, machine.position);
};

const takeU8 = (machine: Machine): number => take(machine, 1).readUInt8(0);
const takeU16 = (machine: Machine): number => take(machine, 2).readUInt16LE(0);
const takeI32 = (machine: Machine): number => take(machine, 4).readInt32LE(0);
const takeU32 = (machine: Machine): number => take(machine, 4).readUInt32LE(0);
const takeU64 = (machine: Machine): number => Number(take(machine, 8).readBigUInt64LE(0));

const takeLine = (machine: Machine): string => {
  const end = machine.bytes.indexOf("\n", machine.position);
  if (end < 0) return machine.refuse("a line does not end");
  const line = take(machine, end - machine.position).toString("latin1");
  machine.position += 1;
  return line;
};

const takeText = (machine: Machine, length: number): string => {
  const bytes = take(machine, length);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return machine.refuse("a string is not UTF-8");
  }
};

/** Two's complement, little endian, any length. */
const takeInteger = (machine: Machine, length: number): number | bigint => {
  if (length > longestInteger)
    return machine.refuse(`an integer has ${length} bytes; expected at most ${longestInteger}`);
  const bytes = take(machine, length);
  const digits = Buffer.from(bytes.toReversed()).toString("hex");
  return narrow(length === 0 ? 0n : BigInt.asIntN(8 * length, BigInt(`0x${digits}`)));
};

const narrow = (integer: bigint): number | bigint => {
  const small = Number(integer);
  return Number.isSafeInteger(small) ? small : integer;
};

const parseInteger = (machine: Machine, line: string): number | bigint =>
  /^[+-]?\d{1,600}$/.test(line)
    ? narrow(BigInt(line.replace("+", "")))
    : machine.refuse("an integer is not in decimal digits");

const push = (machine: Machine, value: PickleValue): void => {
  if (machine.stack.length >= deepestStack) machine.refuse(`the stack grows beyond ${deepestStack} values`);
  machine.stack.push(value);
};

const pop = (machine: Machine): PickleValue => {
  const value = machine.stack.length > (machine.marks.at(-1) ?? 0) ? machine.stack.pop() : undefined;
  return value === undefined ? machine.refuse("the stack is empty") : value;
};

const peek = (machine: Machine): PickleValue => {
  const value = machine.stack.at(-1);
  return value === undefined ? machine.refuse("the stack is empty") : value;
};

const popToMark = (machine: Machine): PickleValue[] => {
  const mark = machine.marks.pop();
  return mark === undefined ? machine.refuse("there is no MARK") : machine.stack.splice(mark);
};

const memoize = (machine: Machine, index: number): void => {
  // Every memo entry costs at least one byte of the pickle.
  if (index < 0 || index >= machine.bytes.length)
    machine.refuse(`memo index ${index} is beyond the pickle's ${machine.bytes.length} bytes`);
  machine.memo.set(index, peek(machine));
};

const recall = (machine: Machine, index: number): void => {
  const value = machine.memo.get(index);
  push(machine, value === undefined ? machine.refuse(`memo index ${index} was never set`) : value);
};

const findGlobal = (machine: Machine, module: string, name: string): PickleGlobal => {
  const dotted = `${module}.${name}`;
  return (
    machine.globals.get(dotted) ??
    machine.refuse(
      `the Python global ${JSON.stringify(dotted.slice(0, 200))} is refused: only tensors and plain containers are read. ` +
        "If you trust the file, load it in Python and save its state_dict alone",
    )
  );
};

const call = (machine: Machine, callable: PickleValue, args: PickleValue): PickleValue => {
  if (!isKind(callable, "global")) return machine.refuse("what is called is not a global");
  if (!isKind(args, "tuple")) return machine.refuse(`${callable.name} is called with something other than a tuple`);
  if (callable.call === undefined) return machine.refuse(`${callable.name} may not be called`);
  return callable.call(args.items, machine.refuse);
};

const extend = (machine: Machine, items: readonly PickleValue[], kind: "list" | "set"): void => {
  const container = peek(machine);
  if (!isKind(container, kind)) machine.refuse(`items are added to something other than a ${kind}`);
  else for (const item of items) container.items.push(item);
};

const setItems = (machine: Machine, items: readonly PickleValue[]): void => {
  const dict = peek(machine);
  if (!isKind(dict, "dict")) return machine.refuse("items are set on something other than a dictionary");
  if (items.length % 2 !== 0) return machine.refuse("a key has no value");
  for (let index = 0; index < items.length; index += 2) {
    dict.items.push([items[index] ?? null, items[index + 1] ?? null]);
  }
};

const toDict = (machine: Machine, items: readonly PickleValue[]): PickleDict => {
  const dict: PickleDict = { kind: "dict", items: [] };
  push(machine, dict);
  setItems(machine, items);
  return dict;
};

/** Attributes of a dictionary, such as a state dict's `_metadata`, are dropped; nothing else has attributes here. */
const build = (machine: Machine): void => {
  const state = pop(machine);
  const target = peek(machine);
  if (!isKind(target, "dict") || !isKind(state, "dict")) {
    machine.refuse("a state is set on something other than a dictionary");
  }
};

const pushTuple = (machine: Machine, length: number): void => {
  const items = Array.from({ length }, () => pop(machine)).toReversed();
  push(machine, { kind: "tuple", items });
};

const checkProtocol = (machine: Machine): void => {
  const protocol = takeU8(machine);
  if (protocol > 5) machine.refuse(`the pickle has protocol ${protocol}; expected at most 5`);
};

/** A frame only announces how many bytes belong together. */
const checkFrame = (machine: Machine): void => {
  const length = takeU64(machine);
  const left = machine.bytes.length - machine.position;
  if (length > left) machine.refuse(`a frame of ${length} bytes begins, but only ${left} are left in the pickle`);
};

const refuseExtension = (machine: Machine, code: number): never =>
  machine.refuse(`extension code ${code} is refused: only tensors and plain containers are read`);

interface Opcode {
  readonly name: string;
  readonly run: (machine: Machine) => void;
}

const opcodes: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  [0x80, { name: "PROTO", run: checkProtocol }],
  [0x95, { name: "FRAME", run: checkFrame }],
  // Plain values
  [0x4e, { name: "NONE", run: (m) => push(m, null) }],
  [0x88, { name: "NEWTRUE", run: (m) => push(m, true) }],
  [0x89, { name: "NEWFALSE", run: (m) => push(m, false) }],
  [0x4b, { name: "BININT1", run: (m) => push(m, takeU8(m)) }],
  [0x4d, { name: "BININT2", run: (m) => push(m, takeU16(m)) }],
  [0x4a, { name: "BININT", run: (m) => push(m, takeI32(m)) }],
  [0x8a, { name: "LONG1", run: (m) => push(m, takeInteger(m, takeU8(m))) }],
  [0x8b, { name: "LONG4", run: (m) => push(m, takeInteger(m, takeI32(m))) }],
  [0x49, { name: "INT", run: (m) => push(m, takeIntOrBool(m)) }],
  [0x4c, { name: "LONG", run: (m) => push(m, parseInteger(m, takeLine(m).replace(/L$/, ""))) }],
  [0x47, { name: "BINFLOAT", run: (m) => push(m, take(m, 8).readDoubleBE(0)) }],
  // Python 2 strings are bytes; the names in them are ASCII
  [0x55, { name: "SHORT_BINSTRING", run: (m) => push(m, takeText(m, takeU8(m))) }],
  [0x54, { name: "BINSTRING", run: (m) => push(m, takeText(m, takeI32(m))) }],
  [0x8c, { name: "SHORT_BINUNICODE", run: (m) => push(m, takeText(m, takeU8(m))) }],
  [0x58, { name: "BINUNICODE", run: (m) => push(m, takeText(m, takeU32(m))) }],
  [0x8d, { name: "BINUNICODE8", run: (m) => push(m, takeText(m, takeU64(m))) }],
  [0x43, { name: "SHORT_BINBYTES", run: (m) => push(m, take(m, takeU8(m))) }],
  [0x42, { name: "BINBYTES", run: (m) => push(m, take(m, takeU32(m))) }],
  [0x8e, { name: "BINBYTES8", run: (m) => push(m, take(m, takeU64(m))) }],
  // Containers
  [0x28, { name: "MARK", run: (m) => void m.marks.push(m.stack.length) }],
  [0x29, { name: "EMPTY_TUPLE", run: (m) => pushTuple(m, 0) }],
  [0x85, { name: "TUPLE1", run: (m) => pushTuple(m, 1) }],
  [0x86, { name: "TUPLE2", run: (m) => pushTuple(m, 2) }],
  [0x87, { name: "TUPLE3", run: (m) => pushTuple(m, 3) }],
  [0x74, { name: "TUPLE", run: (m) => push(m, { kind: "tuple", items: popToMark(m) }) }],
  [0x5d, { name: "EMPTY_LIST", run: (m) => push(m, { kind: "list", items: [] }) }],
  [0x6c, { name: "LIST", run: (m) => push(m, { kind: "list", items: popToMark(m) }) }],
  [0x61, { name: "APPEND", run: (m) => extend(m, [pop(m)], "list") }],
  [0x65, { name: "APPENDS", run: (m) => extend(m, popToMark(m), "list") }],
  [0x7d, { name: "EMPTY_DICT", run: (m) => push(m, { kind: "dict", items: [] }) }],
  [0x64, { name: "DICT", run: (m) => void toDict(m, popToMark(m)) }],
  [0x73, { name: "SETITEM", run: (m) => setItems(m, [pop(m), pop(m)].toReversed()) }],
  [0x75, { name: "SETITEMS", run: (m) => setItems(m, popToMark(m)) }],
  [0x8f, { name: "EMPTY_SET", run: (m) => push(m, { kind: "set", items: [] }) }],
  [0x90, { name: "ADDITEMS", run: (m) => extend(m, popToMark(m), "set") }],
  // Stack and memo
  [0x30, { name: "POP", run: (m) => void pop(m) }],
  [0x31, { name: "POP_MARK", run: (m) => void popToMark(m) }],
  [0x32, { name: "DUP", run: (m) => push(m, peek(m)) }],
  [0x71, { name: "BINPUT", run: (m) => memoize(m, takeU8(m)) }],
  [0x72, { name: "LONG_BINPUT", run: (m) => memoize(m, takeU32(m)) }],
  [0x94, { name: "MEMOIZE", run: (m) => memoize(m, m.memo.size) }],
  [0x68, { name: "BINGET", run: (m) => recall(m, takeU8(m)) }],
  [0x6a, { name: "LONG_BINGET", run: (m) => recall(m, takeU32(m)) }],
  // Globals and objects
  [0x63, { name: "GLOBAL", run: (m) => push(m, findGlobal(m, takeLine(m), takeLine(m))) }],
  [0x93, { name: "STACK_GLOBAL", run: (m) => push(m, stackGlobal(m)) }],
  [0x52, { name: "REDUCE", run: (m) => push(m, callFromStack(m)) }],
  [0x81, { name: "NEWOBJ", run: (m) => push(m, callFromStack(m)) }],
  [0x92, { name: "NEWOBJ_EX", run: (m) => m.refuse("objects with keyword arguments are refused") }],
  [0x69, { name: "INST", run: (m) => push(m, instantiate(m, findGlobal(m, takeLine(m), takeLine(m)))) }],
  [0x6f, { name: "OBJ", run: (m) => push(m, instantiateFromStack(m)) }],
  [0x62, { name: "BUILD", run: build }],
  [0x82, { name: "EXT1", run: (m) => refuseExtension(m, takeU8(m)) }],
  [0x83, { name: "EXT2", run: (m) => refuseExtension(m, takeU16(m)) }],
  [0x84, { name: "EXT4", run: (m) => refuseExtension(m, takeI32(m)) }],
  [0x50, { name: "PERSID", run: (m) => push(m, m.persistent(takeLine(m), m.refuse)) }],
  [0x51, { name: "BINPERSID", run: (m) => push(m, m.persistent(pop(m), m.refuse)) }],
]);

const stop = 0x2e;

/** Protocol 1 writes True as the integer 01 and False as 00. */
const takeIntOrBool = (machine: Machine): number | bigint | boolean => {
  const line = takeLine(machine);
  return line === "01" || line === "00" ? line === "01" : parseInteger(machine, line);
};

const stackGlobal = (machine: Machine): PickleGlobal => {
  const name = pop(machine);
  const module = pop(machine);
  if (typeof name !== "string" || typeof module !== "string") return machine.refuse("a global's name is not a string");
  return findGlobal(machine, module, name);
};

const callFromStack = (machine: Machine): PickleValue => {
  const args = pop(machine);
  return call(machine, pop(machine), args);
};

const instantiate = (machine: Machine, callable: PickleValue): PickleValue =>
  call(machine, callable, { kind: "tuple", items: popToMark(machine) });

const instantiateFromStack = (machine: Machine): PickleValue => {
  const [callable, ...items] = popToMark(machine);
  if (callable === undefined) return machine.refuse("there is nothing to instantiate");
  return call(machine, callable, { kind: "tuple", items });
};

/**
 * The value of the pickle that starts at `start`, and where the next one would.
 * @param where names the pickle in messages
 * @throws CheckpointError for a pickle that is broken, or that needs anything but the rules' globals
 */
export const unpickle = (
  bytes: Buffer,
  where: string,
  rules: PickleRules,
  start = 0,
): { readonly value: PickleValue; readonly end: number } => {
  let opcodeAt = start;
  let opcodeName = "";
  const refuse = (what: string): never => {
    throw new CheckpointError(where, `pickle byte ${opcodeAt}${opcodeName === "" ? "" : ` (${opcodeName})`}: ${what}`);
  };
  const machine: Machine = { ...rules, bytes, stack: [], marks: [], memo: new Map(), refuse, position: start };
  for (;;) {
    opcodeAt = machine.position;
    opcodeName = "";
    if (opcodeAt === bytes.length) refuse("the pickle ends without STOP");
    const code = takeU8(machine);
    if (code === stop) break;
    const opcode = opcodes.get(code);
    if (opcode === undefined)
      return refuse(`0x${code.toString(16).padStart(2, "0")} is no opcode that torch.save writes`);
    opcodeName = opcode.name;
    opcode.run(machine);
  }
  opcodeName = "STOP";
  const value = pop(machine);
  if (machine.stack.length > 0) refuse("the stack is not empty at the end");
  return { value, end: machine.position };
};
