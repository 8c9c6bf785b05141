/**
 * A pickle machine that runs no code: it builds plain values and containers, calls only the globals of a given table, and
 * puts an inert object where Python would call anything else.
 * Opcodes and their meaning: Python's pickletools; one row per opcode below. What torch.save never writes is refused.
 */
import { CheckpointError, type Refuse } from "./checkpoint-error.ts";
import {
  inertObject,
  isKind,
  type PickleBytes,
  type PickleDict,
  type PickleGlobal,
  type PickleValue,
} from "./pickle-value.ts";

export interface PickleRules {
  /** What is done when one of these globals is called, by its dotted name. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** The object that a persistent id stands for. */
  readonly persistent: (id: PickleValue, refuse: Refuse) => PickleValue;
}

/** Where a pickle is read from: a file, or bytes in memory. */
export interface PickleSource {
  /** In bytes. */
  readonly size: number;
  readonly read: (offset: number, length: number) => Buffer;
}

interface Machine extends PickleRules {
  readonly source: PickleSource;
  readonly start: number;
  /** The part of the source that is in memory, and where it begins. */
  window: { readonly bytes: Buffer; readonly offset: number };
  /** An estimate of the memory that the values take, in bytes. */
  taken: number;
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
const windowBytes = 2 ** 20;

/** What a value takes in memory, in bytes and roughly, as measured on Node 22. */
const cost = { slot: 8, number: 16, text: 32, container: 96, firstItem: 136, memo: 48 } as const;
/**
 * The densest honest pickle, of pairs of small numbers, takes 32 times its bytes; a hostile one, of empty containers, 100 times.
 * So memory is bounded by what is read, and in the end by half a gigabyte: 12 times what a log of 24 MB takes.
 */
const freeMemory = 2 ** 26;
const memoryPerByte = 32;
const mostMemory = 2 ** 29;
/** PyTorch's own magic number takes 10 bytes; no tensor needs more than 9. */
const longestInteger = 255;

const spend = (machine: Machine, bytes: number): void => {
  machine.taken += bytes;
  const most = Math.min(freeMemory + memoryPerByte * (machine.position - machine.start), mostMemory);
  if (machine.taken > most) machine.refuse(`its values take more than ${most} bytes of memory`);
};

/** Passes over bytes, which are there. */
const skip = (machine: Machine, length: number): void => {
  const left = machine.source.size - machine.position;
  if (length < 0) machine.refuse(`a length of ${length} bytes is negative`);
  if (length > left) machine.refuse(`${length} bytes are expected, but only ${left} are left in the pickle`);
  machine.position += length;
};

/** The next bytes, in memory that the next call may replace. */
const take = (machine: Machine, length: number): Buffer => {
  skip(machine, length);
  const begin = machine.position - length;
  const { bytes, offset } = machine.window;
  if (begin < offset || machine.position > offset + bytes.length) {
    const size = Math.min(Math.max(length, windowBytes), machine.source.size - begin);
    machine.window = { bytes: machine.source.read(begin, size), offset: begin };
  }
  const at = begin - machine.window.offset;
  return machine.window.bytes.subarray(at, at + length);
};

const takeU8 = (machine: Machine): number => take(machine, 1).readUInt8(0);
const takeU16 = (machine: Machine): number => take(machine, 2).readUInt16LE(0);
const takeI32 = (machine: Machine): number => take(machine, 4).readInt32LE(0);
const takeU32 = (machine: Machine): number => take(machine, 4).readUInt32LE(0);
const takeU64 = (machine: Machine): number => Number(take(machine, 8).readBigUInt64LE(0));

/** Of names and decimal numbers. */
const longestLine = 4096;

const takeLine = (machine: Machine): string => {
  const start = machine.position;
  const bytes = take(machine, Math.min(longestLine, machine.source.size - start));
  const end = bytes.indexOf("\n");
  if (end < 0) return machine.refuse("a line does not end");
  machine.position = start + end + 1;
  return bytes.toString("latin1", 0, end);
};

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes where it is not UTF-8: Python 2's strings may hold anything, Python 3's the lone surrogates of file names. */
const takeText = (machine: Machine, length: number): string | PickleBytes => {
  const offset = machine.position;
  const bytes = take(machine, length);
  spend(machine, length);
  try {
    return utf8.decode(bytes);
  } catch {
    return { kind: "bytes", offset, length };
  }
};

const takeBytes = (machine: Machine, length: number): PickleBytes => {
  skip(machine, length);
  return { kind: "bytes", offset: machine.position - length, length };
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

const costOf = (value: PickleValue): number => {
  if (typeof value === "string") return cost.text;
  return typeof value === "object" ? cost.container : cost.number;
};

/** Puts a new value on the stack that takes memory of its own, as small integers do not. */
const pushNew = (machine: Machine, value: PickleValue): void => {
  spend(machine, costOf(value));
  push(machine, value);
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
  const mark = machine.marks.pop() ?? machine.refuse("there is no MARK");
  spend(machine, cost.slot * (machine.stack.length - mark));
  return machine.stack.splice(mark);
};

const memoize = (machine: Machine, index: number): void => {
  // Every memo entry costs at least one byte of the pickle.
  if (index < 0 || index >= machine.source.size)
    machine.refuse(`memo index ${index} is beyond the pickle's ${machine.source.size} bytes`);
  spend(machine, cost.memo);
  machine.memo.set(index, peek(machine));
};

const recall = (machine: Machine, index: number): void => {
  const value = machine.memo.get(index);
  push(machine, value === undefined ? machine.refuse(`memo index ${index} was never set`) : value);
};

/** Of a class, in messages. */
const longestName = 200;

const findGlobal = (machine: Machine, module: string, name: string): PickleGlobal => {
  const dotted = `${module}.${name}`;
  return machine.globals.get(dotted) ?? { kind: "global", name: dotted.slice(0, longestName) };
};

/** Runs one of the rules; anything else that Python would call gives an inert object, and so does calling one. */
const call = (machine: Machine, callable: PickleValue, args: PickleValue): PickleValue => {
  if (isKind(callable, "object")) return inertObject(callable.className);
  if (!isKind(callable, "global")) return machine.refuse("what is called is not a global");
  if (!isKind(args, "tuple")) return machine.refuse(`${callable.name} is called with something other than a tuple`);
  return callable.call?.(args.items, machine.refuse) ?? inertObject(callable.name);
};

const extend = (machine: Machine, items: readonly PickleValue[], kind: "list" | "set"): void => {
  const container = peek(machine);
  // A list of a class of its own, such as a deque.
  if (isKind(container, "object")) return;
  if (!isKind(container, kind)) return machine.refuse(`items are added to something other than a ${kind}`);
  spend(machine, cost.slot * items.length + (container.items.length === 0 ? cost.firstItem : 0));
  for (const item of items) container.items.push(item);
};

const setItems = (machine: Machine, items: readonly PickleValue[]): void => {
  const dict = peek(machine);
  if (!isKind(dict, "dict", "object")) return machine.refuse("items are set on something other than a dictionary");
  if (items.length % 2 !== 0) return machine.refuse("a key has no value");
  spend(machine, 4 * cost.slot * items.length + (dict.items.length === 0 ? cost.firstItem : 0));
  for (let index = 0; index < items.length; index += 2) {
    dict.items.push([items[index] ?? null, items[index + 1] ?? null]);
  }
};

const toDict = (machine: Machine, items: readonly PickleValue[]): PickleDict => {
  const dict: PickleDict = { kind: "dict", items: [] };
  pushNew(machine, dict);
  setItems(machine, items);
  return dict;
};

/** Attributes of a dictionary, such as a state dict's `_metadata`, and any state of an inert object are dropped. */
const build = (machine: Machine): void => {
  const state = pop(machine);
  const target = peek(machine);
  if (isKind(target, "object") && target.args) target.state = state;
  if (!isKind(target, "object") && !(isKind(target, "dict") && isKind(state, "dict"))) {
    machine.refuse("a state is set on something other than a dictionary or an object");
  }
};

/** No rule has keyword arguments. */
const instantiateWithKeywords = (machine: Machine): PickleValue => {
  pop(machine);
  pop(machine);
  const callable = pop(machine);
  return isKind(callable, "global")
    ? inertObject(`${callable.name} with keyword arguments`)
    : machine.refuse("what is called is not a global");
};

const mark = (machine: Machine): void => {
  spend(machine, cost.slot);
  machine.marks.push(machine.stack.length);
};

const pushTuple = (machine: Machine, length: number): void => {
  const items = Array.from({ length }, () => pop(machine)).toReversed();
  spend(machine, cost.slot * length);
  pushNew(machine, { kind: "tuple", items });
};

const checkProtocol = (machine: Machine): void => {
  const protocol = takeU8(machine);
  if (protocol > 5) machine.refuse(`the pickle has protocol ${protocol}; expected at most 5`);
};

/** A frame only announces how many bytes belong together. */
const checkFrame = (machine: Machine): void => {
  const length = takeU64(machine);
  const left = machine.source.size - machine.position;
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
  [0x8a, { name: "LONG1", run: (m) => pushNew(m, takeInteger(m, takeU8(m))) }],
  [0x8b, { name: "LONG4", run: (m) => pushNew(m, takeInteger(m, takeI32(m))) }],
  [0x49, { name: "INT", run: (m) => pushNew(m, takeIntOrBool(m)) }],
  [0x4c, { name: "LONG", run: (m) => pushNew(m, parseInteger(m, takeLine(m).replace(/L$/, ""))) }],
  [0x47, { name: "BINFLOAT", run: (m) => pushNew(m, take(m, 8).readDoubleBE(0)) }],
  [0x55, { name: "SHORT_BINSTRING", run: (m) => pushNew(m, takeText(m, takeU8(m))) }],
  [0x54, { name: "BINSTRING", run: (m) => pushNew(m, takeText(m, takeI32(m))) }],
  [0x8c, { name: "SHORT_BINUNICODE", run: (m) => pushNew(m, takeText(m, takeU8(m))) }],
  [0x58, { name: "BINUNICODE", run: (m) => pushNew(m, takeText(m, takeU32(m))) }],
  [0x8d, { name: "BINUNICODE8", run: (m) => pushNew(m, takeText(m, takeU64(m))) }],
  [0x43, { name: "SHORT_BINBYTES", run: (m) => pushNew(m, takeBytes(m, takeU8(m))) }],
  [0x42, { name: "BINBYTES", run: (m) => pushNew(m, takeBytes(m, takeU32(m))) }],
  [0x8e, { name: "BINBYTES8", run: (m) => pushNew(m, takeBytes(m, takeU64(m))) }],
  [0x96, { name: "BYTEARRAY8", run: (m) => pushNew(m, takeBytes(m, takeU64(m))) }],
  // Containers
  [0x91, { name: "FROZENSET", run: (m) => pushNew(m, { kind: "set", items: popToMark(m) }) }],
  [0x28, { name: "MARK", run: mark }],
  [0x29, { name: "EMPTY_TUPLE", run: (m) => pushTuple(m, 0) }],
  [0x85, { name: "TUPLE1", run: (m) => pushTuple(m, 1) }],
  [0x86, { name: "TUPLE2", run: (m) => pushTuple(m, 2) }],
  [0x87, { name: "TUPLE3", run: (m) => pushTuple(m, 3) }],
  [0x74, { name: "TUPLE", run: (m) => pushNew(m, { kind: "tuple", items: popToMark(m) }) }],
  [0x5d, { name: "EMPTY_LIST", run: (m) => pushNew(m, { kind: "list", items: [] }) }],
  [0x6c, { name: "LIST", run: (m) => pushNew(m, { kind: "list", items: popToMark(m) }) }],
  [0x61, { name: "APPEND", run: (m) => extend(m, [pop(m)], "list") }],
  [0x65, { name: "APPENDS", run: (m) => extend(m, popToMark(m), "list") }],
  [0x7d, { name: "EMPTY_DICT", run: (m) => pushNew(m, { kind: "dict", items: [] }) }],
  [0x64, { name: "DICT", run: (m) => void toDict(m, popToMark(m)) }],
  [0x73, { name: "SETITEM", run: (m) => setItems(m, [pop(m), pop(m)].toReversed()) }],
  [0x75, { name: "SETITEMS", run: (m) => setItems(m, popToMark(m)) }],
  [0x8f, { name: "EMPTY_SET", run: (m) => pushNew(m, { kind: "set", items: [] }) }],
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
  [0x63, { name: "GLOBAL", run: (m) => pushNew(m, findGlobal(m, takeLine(m), takeLine(m))) }],
  [0x93, { name: "STACK_GLOBAL", run: (m) => pushNew(m, stackGlobal(m)) }],
  [0x52, { name: "REDUCE", run: (m) => pushNew(m, callFromStack(m)) }],
  [0x81, { name: "NEWOBJ", run: (m) => pushNew(m, callFromStack(m)) }],
  [0x92, { name: "NEWOBJ_EX", run: (m) => pushNew(m, instantiateWithKeywords(m)) }],
  [0x69, { name: "INST", run: (m) => pushNew(m, instantiate(m, findGlobal(m, takeLine(m), takeLine(m)))) }],
  [0x6f, { name: "OBJ", run: (m) => pushNew(m, instantiateFromStack(m)) }],
  [0x62, { name: "BUILD", run: build }],
  [0x82, { name: "EXT1", run: (m) => refuseExtension(m, takeU8(m)) }],
  [0x83, { name: "EXT2", run: (m) => refuseExtension(m, takeU16(m)) }],
  [0x84, { name: "EXT4", run: (m) => refuseExtension(m, takeI32(m)) }],
  [0x50, { name: "PERSID", run: (m) => pushNew(m, m.persistent(takeLine(m), m.refuse)) }],
  [0x51, { name: "BINPERSID", run: (m) => pushNew(m, m.persistent(pop(m), m.refuse)) }],
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
 * @throws CheckpointError for a pickle that is broken, or whose values would take far more memory than its bytes
 */
export const unpickle = (
  source: PickleSource,
  where: string,
  rules: PickleRules,
  start = 0,
): { readonly value: PickleValue; readonly end: number } => {
  let opcodeAt = start;
  let opcodeName = "";
  const refuse = (what: string): never => {
    throw new CheckpointError(where, `pickle byte ${opcodeAt}${opcodeName === "" ? "" : ` (${opcodeName})`}: ${what}`);
  };
  const machine: Machine = {
    ...rules,
    source,
    start,
    window: { bytes: Buffer.alloc(0), offset: start },
    taken: 0,
    stack: [],
    marks: [],
    memo: new Map(),
    refuse,
    position: start,
  };
  for (;;) {
    opcodeAt = machine.position;
    opcodeName = "";
    if (opcodeAt === source.size) refuse("the pickle ends without STOP");
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
