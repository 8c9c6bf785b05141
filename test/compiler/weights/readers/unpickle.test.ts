import { describe, expect, it } from "vitest";
import { unpickle } from "../../../../compiler/weights/readers/unpickle.ts";
import { failure, inMemory, open, pickle, pytorchLegacy, pytorchZip, tensor, u32, u64 } from "./builders.ts";

const { ops, text, integer, tuple, global, dict } = pickle;

const rules = { globals: new Map(), persistent: () => null };
const load = (...parts: readonly (string | Uint8Array)[]): unknown =>
  unpickle(inMemory(ops(...parts, ".")), "FILE", rules).value;

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

describe("what Python would make or run is an inert object beside the tensors", () => {
  it.each([
    ["os.system by REDUCE", ops(global("os", "system"), tuple(text("id")), "R"), "os.system"],
    ["builtins.eval by REDUCE", ops(global("builtins", "eval"), tuple(text("1")), "R"), "builtins.eval"],
    ["posix.system by STACK_GLOBAL", ops(text("posix"), text("system"), "\x93"), "posix.system"],
    ["os.system by INST", ops("(", text("id"), "ios\nsystem\n"), "os.system"],
    ["subprocess.Popen by OBJ", ops("(", global("subprocess", "Popen"), text("id"), "o"), "subprocess.Popen"],
    ["a class by NEWOBJ", ops(global("__main__", "Model"), ")\x81"), "__main__.Model"],
    [
      "a path through a known module",
      ops(text("torch"), text("serialization.os.system"), "\x93", tuple(text("id")), "R"),
      "torch.serialization.os.system",
    ],
    [
      "what getattr gives, and calling it",
      ops(global("__builtin__", "getattr"), tuple(global("os", "path"), text("x")), "R)R"),
      "__builtin__.getattr",
    ],
    ["a class with keyword arguments", ops(global("torch", "Size"), ")}\x92"), "torch.Size with keyword arguments"],
    ["a class that is only named elsewhere", ops(global("torch", "FloatStorage"), ")R"), "torch.FloatStorage"],
    [
      "a training script's options",
      ops(global("argparse", "Namespace"), ")\x81", dict({ lr: integer(1), path: text("/data") }), "b"),
      "argparse.Namespace",
    ],
    [
      "options of omegaconf, with a state that holds themselves",
      ops(global("omegaconf.dictconfig", "DictConfig"), ")\x81q\x07", dict({ _parent: ops("h\x07") }), "b"),
      "omegaconf.dictconfig.DictConfig",
    ],
    [
      "a scalar of NumPy",
      ops(
        global("numpy._core.multiarray", "scalar"),
        tuple(
          ops(global("numpy", "dtype"), tuple(text("f8"), ops("\x89"), ops("\x88")), "R"),
          ops(tuple(integer(3), text("<"), ops("NNN"), integer(-1), integer(-1), integer(0)), "b"),
          ops(global("_codecs", "encode"), tuple(text("12345678"), text("latin1")), "R"),
        ),
        "R",
      ),
      "numpy._core.multiarray.scalar",
    ],
    ["a path", ops(global("pathlib", "PosixPath"), tuple(text("/"), text("tmp")), "R"), "pathlib.PosixPath"],
    ["a date", ops(global("datetime", "datetime"), tuple(ops("C\x02\x07\xe8")), "R"), "datetime.datetime"],
    [
      "a partial function",
      ops(
        global("functools", "partial"),
        tuple(global("torch.nn.modules.normalization", "LayerNorm")),
        "R",
        tuple(global("torch.nn.modules.normalization", "LayerNorm"), ops(")"), dict({ eps: integer(1) }), ops("N")),
        "b",
      ),
      "functools.partial",
    ],
    ["a deque", ops(global("collections", "deque"), ")R(", integer(1), integer(2), "e"), "collections.deque"],
    ["a member of an enumeration", ops(global("__main__", "Mode"), tuple(integer(2)), "R"), "__main__.Mode"],
    [
      "an object with the state of a hostile one",
      ops(global("__main__", "A"), ")\x81", ops(global("os", "system"), tuple(text("id")), "R"), "b"),
      "__main__.A",
    ],
  ])("%s", (_what, hostile, className) => {
    const beside = open(pytorchZip(dict({ x: hostile, w: tensor() })));
    expect([...beside.objects]).toStrictEqual([["x", className]]);
    expect([...beside.tensors.keys()]).toStrictEqual(["w"]);
    expect(beside.tensors.get("w")?.readFloat32()).toStrictEqual(Float32Array.of(1, 2));
    const legacy = open(pytorchLegacy(dict({ x: hostile, w: tensor() })));
    expect([...legacy.objects]).toStrictEqual([["x", className]]);
    expect(failure(pytorchZip(dict({ x: hostile })))).toBe(
      `FILE: holds no tensors; "x" is an object of ${className}; expected a state dict: torch.save(model.state_dict(), file)`,
    );
  });

  it("keeps what is set on it, as it may be a dictionary", () => {
    const options = ops(global("easydict", "EasyDict"), ")\x81(", text("w"), tensor(), text("n"), integer(3), "u");
    const { tensors, objects, metadata } = open(pytorchZip(dict({ model: options })));
    expect([...tensors.keys()]).toStrictEqual(["model.w"]);
    expect([...objects]).toStrictEqual([["model", "easydict.EasyDict"]]);
    expect([...metadata]).toStrictEqual([["model.n", "3"]]);
  });

  it.each([
    ["defaultdict", ops(global("collections", "defaultdict"), tuple(global("builtins", "list")), "R")],
    ["OrderedDict of Python 2", ops(global("collections", "OrderedDict"), tuple(ops("]")), "R")],
  ])("knows a %s for a dictionary", (_what, empty) => {
    const { tensors, objects } = open(pytorchZip(ops(empty, text("w"), tensor(), "s")));
    expect([...tensors.keys()]).toStrictEqual(["w"]);
    expect(objects.size).toBe(0);
  });

  it("reads the items that Python 2 hands to an OrderedDict", () => {
    const pairs = ops("](](", text("a"), tensor(), "e](", text("b"), tensor(), "ee");
    const { tensors } = open(pytorchZip(ops(global("collections", "OrderedDict"), tuple(pairs), "R")));
    expect([...tensors.keys()]).toStrictEqual(["a", "b"]);
  });
});

describe("hostile pickles", () => {
  const inDict = (...parts: readonly (string | Uint8Array)[]): Buffer => pytorchZip(ops("}", text("x"), ...parts, "s"));
  it.each([
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
      "FILE: archive/data.pkl: pickle byte 141 (BUILD): a state is set on something other than a dictionary or an object",
    ],
    [
      "a state set on a list",
      inDict("]", dict({ __setstate__: text("x") }), "b"),
      "FILE: archive/data.pkl: pickle byte 36 (BUILD): a state is set on something other than a dictionary or an object",
    ],
    [
      "a state that is a tuple",
      inDict("}", ")b"),
      "FILE: archive/data.pkl: pickle byte 11 (BUILD): a state is set on something other than a dictionary or an object",
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
    expect(() => unpickle(inMemory(ops("\x80\x02}")), "FILE", rules)).toThrow(
      "FILE: pickle byte 3: the pickle ends without STOP",
    );
  });
});
