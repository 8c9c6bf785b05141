import { describe, expect, it } from "vitest";
import { unpickle } from "../../../../compiler/weights/readers/unpickle.ts";
import { failure, pickle, pytorchZip, tensor, u32, u64 } from "./builders.ts";

const { ops, text, integer, tuple, global, dict } = pickle;

const rules = { globals: new Map(), persistent: () => null };
const load = (...parts: readonly (string | Uint8Array)[]): unknown => unpickle(ops(...parts, "."), "FILE", rules).value;

const notKnown =
  " is refused: only tensors and plain containers are read. " +
  "If you trust the file, load it in Python and save its state_dict alone";

describe("plain values", () => {
  it.each([
    ["None", ["N"], null],
    ["booleans", ["\x88"], true],
    ["a protocol 1 boolean", ["I01\n"], true],
    ["a one-byte integer", ["K\xff"], 255],
    ["a two-byte integer", ["M\x01\x02"], 513],
    ["a negative integer", ["J\xfb\xff\xff\xff"], -5],
    ["an empty long", ["\x8a\x00"], 0],
    ["a negative long", ["\x8a\x01\x80"], -128],
    ["a long beyond 2^53", ["\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"], 2n ** 63n - 1n],
    ["a decimal long", ["L-12L\n"], -12],
    ["a float", ["G\x3f\xf0\x00\x00\x00\x00\x00\x00"], 1],
    ["a string", [text("ü")], "ü"],
    ["a Python 2 string", ["U\x02ab"], "ab"],
    ["a framed string", ["\x95", u64(4), "\x8c\x02ab"], "ab"],
  ])("reads %s", (_what, parts, value) => {
    expect(load(...parts)).toBe(value);
  });

  it("reads containers, the memo and the stack operations", () => {
    const value = load("](K\x01K\x02e", "q\x05", "0", "}", text("list"), "h\x05", "s", "2", "0");
    expect(value).toStrictEqual({
      kind: "dict",
      items: [["list", { kind: "list", items: [1, 2] }]],
    });
  });
});

describe("hostile pickles", () => {
  const inDict = (...parts: readonly (string | Uint8Array)[]): Buffer => pytorchZip(ops("}", text("x"), ...parts, "s"));
  it.each([
    [
      "os.system by REDUCE",
      inDict(global("os", "system"), tuple(text("id")), "R"),
      `FILE: archive/data.pkl: pickle byte 9 (GLOBAL): the Python global "os.system"${notKnown}`,
    ],
    [
      "builtins.eval by REDUCE",
      inDict(global("builtins", "eval"), tuple(text("1")), "R"),
      `FILE: archive/data.pkl: pickle byte 9 (GLOBAL): the Python global "builtins.eval"${notKnown}`,
    ],
    [
      "posix.system by STACK_GLOBAL",
      inDict(text("posix"), text("system"), "\x93"),
      `FILE: archive/data.pkl: pickle byte 30 (STACK_GLOBAL): the Python global "posix.system"${notKnown}`,
    ],
    [
      "os.system by INST",
      inDict("(", text("id"), "ios\nsystem\n"),
      `FILE: archive/data.pkl: pickle byte 17 (INST): the Python global "os.system"${notKnown}`,
    ],
    [
      "subprocess.Popen by OBJ",
      inDict("(", global("subprocess", "Popen"), text("id"), "o"),
      `FILE: archive/data.pkl: pickle byte 10 (GLOBAL): the Python global "subprocess.Popen"${notKnown}`,
    ],
    [
      "a class by NEWOBJ",
      inDict(global("__main__", "Model"), ")\x81"),
      `FILE: archive/data.pkl: pickle byte 9 (GLOBAL): the Python global "__main__.Model"${notKnown}`,
    ],
    [
      "a training script's options",
      inDict(global("argparse", "Namespace"), ")\x81"),
      `FILE: archive/data.pkl: pickle byte 9 (GLOBAL): the Python global "argparse.Namespace"${notKnown}`,
    ],
    [
      "a path through a known module",
      inDict(text("torch"), text("serialization.os.system"), "\x93"),
      `FILE: archive/data.pkl: pickle byte 47 (STACK_GLOBAL): the Python global "torch.serialization.os.system"${notKnown}`,
    ],
    [
      "getattr",
      inDict(global("__builtin__", "getattr"), ")R"),
      `FILE: archive/data.pkl: pickle byte 9 (GLOBAL): the Python global "__builtin__.getattr"${notKnown}`,
    ],
    [
      "keyword arguments",
      inDict(global("torch", "Size"), ")}\x92"),
      "FILE: archive/data.pkl: pickle byte 23 (NEWOBJ_EX): objects with keyword arguments are refused",
    ],
    [
      "a call of a class that may only be named",
      inDict(global("torch", "FloatStorage"), ")R"),
      "FILE: archive/data.pkl: pickle byte 30 (REDUCE): torch.FloatStorage may not be called",
    ],
    [
      "a call of a string",
      inDict(text("os.system"), ")R"),
      "FILE: archive/data.pkl: pickle byte 24 (REDUCE): what is called is not a global",
    ],
    [
      "arguments that are no tuple",
      inDict(global("torch", "Size"), "]R"),
      "FILE: archive/data.pkl: pickle byte 22 (REDUCE): torch.Size is called with something other than a tuple",
    ],
    [
      "a state set on a tensor",
      inDict(tensor(), "}b"),
      "FILE: archive/data.pkl: pickle byte 141 (BUILD): a state is set on something other than a dictionary",
    ],
    [
      "a state set on a list",
      inDict("]", dict({ __setstate__: text("x") }), "b"),
      "FILE: archive/data.pkl: pickle byte 36 (BUILD): a state is set on something other than a dictionary",
    ],
    [
      "a state that is a tuple",
      inDict("}", ")b"),
      "FILE: archive/data.pkl: pickle byte 11 (BUILD): a state is set on something other than a dictionary",
    ],
    [
      "a one-byte extension code",
      inDict("\x82\x07"),
      "FILE: archive/data.pkl: pickle byte 9 (EXT1): extension code 7 is refused: only tensors and plain containers are read",
    ],
    [
      "a two-byte extension code",
      inDict("\x83\x07\x01"),
      "FILE: archive/data.pkl: pickle byte 9 (EXT2): extension code 263 is refused: only tensors and plain containers are read",
    ],
    [
      "a four-byte extension code",
      inDict("\x84\xff\xff\xff\xff"),
      "FILE: archive/data.pkl: pickle byte 9 (EXT4): extension code -1 is refused: only tensors and plain containers are read",
    ],
    [
      "a textual persistent id",
      inDict("Pfile:///etc/passwd\n"),
      "FILE: archive/data.pkl: pickle byte 9 (PERSID): the persistent id is not that of a storage",
    ],
    [
      "a persistent id of another kind",
      inDict(tuple(text("module"), text("os")), "Q"),
      "FILE: archive/data.pkl: pickle byte 29 (BINPERSID): the persistent id is not that of a storage",
    ],
    [
      "a persistent id without a class",
      inDict(tuple(text("storage"), text("FloatStorage"), text("0"), text("cpu"), integer(2)), "Q"),
      "FILE: archive/data.pkl: pickle byte 64 (BINPERSID): the persistent id has no storage class",
    ],
    [
      "a persistent id with a negative size",
      inDict(tensor({ elements: -1 })),
      "FILE: archive/data.pkl: pickle byte 101 (BINPERSID): the persistent id has no key or no size",
    ],
    [
      "an opcode of shared buffers",
      inDict("\x97"),
      "FILE: archive/data.pkl: pickle byte 9: 0x97 is no opcode that torch.save writes",
    ],
    [
      "an unknown opcode",
      inDict("\xff"),
      "FILE: archive/data.pkl: pickle byte 9: 0xff is no opcode that torch.save writes",
    ],
    [
      "protocol 9",
      pytorchZip(ops("\x80\x09}")),
      "FILE: archive/data.pkl: pickle byte 2 (PROTO): the pickle has protocol 9; expected at most 5",
    ],
  ])("refuses %s", (_what, file, message) => {
    expect(failure(file)).toBe(message);
  });
});

describe("broken pickles", () => {
  it.each([
    ["nothing on the stack", ops(")0"), "FILE: archive/data.pkl: pickle byte 4 (STOP): the stack is empty"],
    ["a value below a mark", ops("}(0"), "FILE: archive/data.pkl: pickle byte 4 (POP): the stack is empty"],
    ["a missing mark", ops("}e"), "FILE: archive/data.pkl: pickle byte 3 (APPENDS): there is no MARK"],
    [
      "a string beyond the end",
      ops("X", u32(1000), "abc"),
      "FILE: archive/data.pkl: pickle byte 2 (BINUNICODE): 1000 bytes are expected, but only 4 are left in the pickle",
    ],
    [
      "a string of 2^63 bytes",
      ops("\x8d", u64(2n ** 63n), "abc"),
      "FILE: archive/data.pkl: pickle byte 2 (BINUNICODE8): 9223372036854776000 bytes are expected, but only 4 are left in the pickle",
    ],
    [
      "a negative string length",
      ops("T", u32(0xffffffff)),
      "FILE: archive/data.pkl: pickle byte 2 (BINSTRING): a length of -1 bytes is negative",
    ],
    [
      "an integer of 2 GB",
      ops("\x8b", u32(0x7fffffff)),
      "FILE: archive/data.pkl: pickle byte 2 (LONG4): an integer has 2147483647 bytes; expected at most 255",
    ],
    [
      "an integer of negative size",
      ops("\x8b", u32(0x80000000)),
      "FILE: archive/data.pkl: pickle byte 2 (LONG4): a length of -2147483648 bytes is negative",
    ],
    [
      "an integer with letters",
      ops("I0x10\n"),
      "FILE: archive/data.pkl: pickle byte 2 (INT): an integer is not in decimal digits",
    ],
    ["a line without end", ops("cos"), "FILE: archive/data.pkl: pickle byte 2 (GLOBAL): a line does not end"],
    [
      "a frame beyond the end",
      ops("\x95", u64(1000)),
      "FILE: archive/data.pkl: pickle byte 2 (FRAME): a frame of 1000 bytes begins, but only 1 are left in the pickle",
    ],
    [
      "a string that is not UTF-8",
      ops("X", u32(1), "\xff"),
      "FILE: archive/data.pkl: pickle byte 2 (BINUNICODE): a string is not UTF-8",
    ],
    [
      "an absurd memo index",
      ops("}r", u32(0xfffffffe)),
      "FILE: archive/data.pkl: pickle byte 3 (LONG_BINPUT): memo index 4294967294 is beyond the pickle's 9 bytes",
    ],
    [
      "a memo index that was never set",
      ops("j", u32(7)),
      "FILE: archive/data.pkl: pickle byte 2 (LONG_BINGET): memo index 7 was never set",
    ],
    [
      "an odd number of keys and values",
      ops("}(", text("a"), "u"),
      "FILE: archive/data.pkl: pickle byte 10 (SETITEMS): a key has no value",
    ],
    [
      "items for something that is no dictionary",
      ops("]", text("a"), text("b"), "s"),
      "FILE: archive/data.pkl: pickle byte 15 (SETITEM): items are set on something other than a dictionary",
    ],
    [
      "items for something that is no list",
      ops("}", text("a"), "a"),
      "FILE: archive/data.pkl: pickle byte 9 (APPEND): items are added to something other than a list",
    ],
    ["values left over", ops("}}"), "FILE: archive/data.pkl: pickle byte 4 (STOP): the stack is not empty at the end"],
    [
      "a stack that grows without end",
      ops("N".repeat(1_000_001)),
      "FILE: archive/data.pkl: pickle byte 1000002 (NONE): the stack grows beyond 1000000 values",
    ],
  ])("refuses %s", (_what, value, message) => {
    expect(failure(pytorchZip(value))).toBe(message);
  });

  it("refuses a pickle without its end", () => {
    expect(() => unpickle(ops("\x80\x02}"), "FILE", rules)).toThrow(
      "FILE: pickle byte 3: the pickle ends without STOP",
    );
  });
});
