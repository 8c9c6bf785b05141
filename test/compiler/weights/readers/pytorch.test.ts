import { describe, expect, it } from "vitest";
import { failure, floats, open, pickle, pytorchLegacy, pytorchZip, tensor, u16, u32, u64, zip } from "./builders.ts";

const { ops, text, integer, tuple, global, dict, file } = pickle;

const orderedDict = ops(global("collections", "OrderedDict"), ")R");
const one = (view: Parameters<typeof tensor>[0]): Buffer => dict({ x: tensor(view) });
const shared = { 0: floats(0, 1, 2, 3, 4, 5) };

describe("containers", () => {
  it("reads an OrderedDict with _metadata, and an archive whose entries are deflated", () => {
    const attributes = dict({ _metadata: ops(orderedDict, text(""), dict({ version: integer(1) }), "s") });
    const stateDict = ops(orderedDict, text("w"), tensor(), "s", attributes, "b");
    const checkpoint = open(
      zip([
        { name: "m/data.pkl", data: file(stateDict), deflated: true },
        { name: "m/data/0", data: floats(1, 2), deflated: true },
      ]),
    );
    expect([...checkpoint.tensors.keys()]).toStrictEqual(["w"]);
    expect(checkpoint.tensors.get("w")?.readFloat32()).toStrictEqual(Float32Array.of(1, 2));
  });

  it("names tensors by their path, and values of dictionaries too", () => {
    const checkpoint = open(
      pytorchZip(
        dict({
          epoch: integer(7),
          best: tensor(),
          optimizer: dict({ state: ops("}", integer(0), dict({ step: tensor() }), "s") }),
          model: dict({ "norm.weight": tensor(), heads: ops("](", tensor(), tensor(), "e") }),
        }),
      ),
    );
    expect([...checkpoint.tensors.keys()]).toStrictEqual([
      "best",
      "optimizer.state.0.step",
      "model.norm.weight",
      "model.heads.0",
      "model.heads.1",
    ]);
    expect([...checkpoint.metadata]).toStrictEqual([["epoch", "7"]]);
  });

  it("reads the legacy container", () => {
    const checkpoint = open(pytorchLegacy(dict({ x: tensor({ idRest: [ops("N")] }) })));
    expect(checkpoint.tensors.get("x")?.readFloat32()).toStrictEqual(Float32Array.of(1, 2));
  });

  it("reads an archive without checksums, as PyTorch writes it on request", () => {
    const checkpoint = open(
      zip([
        { name: "m/data.pkl", data: file(dict({ x: tensor() })), lies: { crc: 0 } },
        { name: "m/data/0", data: floats(1, 2), lies: { crc: 0 } },
      ]),
    );
    expect(checkpoint.tensors.get("x")?.readFloat32()).toStrictEqual(Float32Array.of(1, 2));
  });
});

describe("what training scripts keep beside the weights", () => {
  /** Fifty thousand lines of a hundred characters. */
  const log = ops(
    "]",
    ...Array.from({ length: 50 }, () =>
      ops(
        "(",
        ops(text("x".repeat(100)))
          .toString("latin1")
          .repeat(1000),
        "e",
      ),
    ),
  );

  it.each([
    ["an archive", pytorchZip(dict({ log, model: dict({ w: tensor() }) }))],
    ["the legacy container", pytorchLegacy(dict({ log, model: dict({ w: tensor() }) }))],
  ])("a log of 5 MB in %s", (_what, bytes) => {
    const { tensors, metadata } = open(bytes);
    expect(tensors.get("model.w")?.readFloat32()).toStrictEqual(Float32Array.of(1, 2));
    expect(metadata.size).toBe(0);
  });

  it.each([
    ["a list that holds itself", ops("]q\x00h\x00a")],
    ["a dictionary that holds the whole", ops("}", text("whole"), "h\x01s")],
    ["a thousand nested lists", ops("]".repeat(1000), "a".repeat(999))],
    ["text that is not UTF-8, as of a file's name", ops("X", u32(3), "a\xffb")],
    ["bytes of Python 2", ops("U\x03a\xffb")],
  ])("%s", (_what, odd) => {
    const { tensors } = open(pytorchZip(ops("}q\x01(", text("odd"), odd, text("w"), tensor(), "u")));
    expect([...tensors.keys()]).toStrictEqual(["w"]);
  });

  it("tensors under keys that are no text", () => {
    const odd = ops("}", tuple(integer(1)), tensor(), "s", ops("N"), tensor(), "s", ops("\x88"), tensor(), "s");
    const { tensors } = open(pytorchZip(dict({ odd, w: tensor() })));
    expect([...tensors.keys()]).toStrictEqual(["odd.?0", "odd.?1", "odd.true", "w"]);
  });

  it.each(["ComplexFloatStorage", "QInt8Storage", "QUInt4x2Storage"])("a tensor of %s", (storage) => {
    const { tensors, objects } = open(pytorchZip(dict({ odd: tensor({ storage }), w: tensor() })));
    expect([...tensors.keys()]).toStrictEqual(["w"]);
    expect([...objects]).toStrictEqual([["odd", `torch.${storage}`]]);
  });

  it("a complex tensor in the legacy container, whose bytes are passed over", () => {
    const complex = tensor({ key: "1", storage: "ComplexFloatStorage", elements: 1, shape: [1] });
    const storages = Buffer.concat([u64(1), floats(8, 9), u64(2), floats(1, 2)]);
    const bytes = pytorchLegacy(dict({ odd: complex, w: tensor() }), { keys: ["1", "0"], storages });
    expect(open(bytes).tensors.get("w")?.readFloat32()).toStrictEqual(Float32Array.of(1, 2));
  });
});

describe("arrays of NumPy", () => {
  const no = ops("\x89");
  const elementType = (code: string, order = "<"): Buffer =>
    ops(
      global("numpy", "dtype"),
      tuple(text(code), no, ops("\x88")),
      "R",
      tuple(integer(3), text(order), ops("NNN"), integer(-1), integer(-1), integer(0)),
      "b",
    );
  const shape = tuple(integer(2), integer(2));
  const inBytes = (data: Buffer): Buffer => ops("B", u32(data.length), data);
  /** As protocols below 5 have it; NumPy 2 says `numpy._core`. */
  const array = (data: Buffer, type = elementType("f4"), { core = "_core", order = no } = {}): Buffer =>
    ops(
      global(`numpy.${core}.multiarray`, "_reconstruct"),
      tuple(global("numpy", "ndarray"), tuple(integer(0)), ops("C\x01b")),
      "R",
      tuple(integer(1), shape, type, order, data),
      "b",
    );
  const encoded = (data: Buffer): Buffer =>
    ops(global("_codecs", "encode"), tuple(text(data.toString("latin1")), text("latin1")), "R");
  const values = floats(1, -2, 3.5, 4);

  it.each([
    ["in C order", array(inBytes(values))],
    ["of NumPy 1", array(inBytes(values), elementType("f4"), { core: "core" })],
    ["in protocol 2, which has no bytes", array(encoded(values))],
    ["in Fortran order", array(inBytes(floats(1, 3.5, -2, 4)), elementType("f4"), { order: ops("\x88") })],
    [
      "of a buffer, as protocol 5 has it",
      ops(
        global("numpy._core.numeric", "_frombuffer"),
        tuple(ops("\x96", u64(values.length), values), elementType("f4"), shape, text("C")),
        "R",
      ),
    ],
  ])("are read %s", (_what, value) => {
    const plain = file(dict({ model: dict({ w: value }) }));
    for (const bytes of [plain, pytorchZip(dict({ model: dict({ w: value }) }))]) {
      const tensorOf = open(bytes).tensors.get("model.w");
      expect(tensorOf?.shape).toStrictEqual([2, 2]);
      expect(tensorOf?.readFloat32()).toStrictEqual(Float32Array.of(1, -2, 3.5, 4));
    }
  });

  it.each([
    ["of Python objects", array(ops("]"), elementType("O8", "|"))],
    ["of another byte order", array(inBytes(values), elementType("f4", ">"))],
    ["with fewer bytes than their shape", array(inBytes(values.subarray(4)))],
    ["of text", array(inBytes(values), elementType("U1"))],
  ])("are inert objects %s", (_what, value) => {
    const { tensors, objects } = open(pytorchZip(dict({ x: value, w: tensor() })));
    expect([...tensors.keys()]).toStrictEqual(["w"]);
    expect([...objects]).toStrictEqual([["x", "numpy.ndarray"]]);
  });
});

describe("small files that would take much memory", () => {
  const list = (item: string): Buffer => ops("](", ops(item.repeat(1000), "e(").toString("latin1").repeat(2000), "e");
  it.each([
    ["empty lists", "]"],
    ["empty dictionaries in the memo", "}\x94"],
    ["lists of one", "]Na"],
  ])("are refused: %s", (_what, item) => {
    expect(failure(pytorchZip(dict({ x: list(item), w: tensor() })))).toMatch(
      /^FILE: archive\/data\.pkl: pickle byte \d+ \([A-Z_]+\): its values take more than \d+ bytes of memory$/,
    );
  });
});

describe("tensors", () => {
  it.each([
    ["a transposed view", { shape: [3, 2], strides: [1, 3] }, [0, 3, 1, 4, 2, 5]],
    ["a slice with an offset", { offset: 1, shape: [2, 2], strides: [3, 1] }, [1, 2, 4, 5]],
    ["an expanded scalar", { offset: 5, shape: [2, 2], strides: [0, 0] }, [5, 5, 5, 5]],
    ["a scalar", { offset: 2, shape: [], strides: [] }, [2]],
    ["an empty tensor beyond its storage", { offset: 9, shape: [0, 3], strides: [3, 1] }, []],
  ])("gathers %s", (_what, view, expected) => {
    const checkpoint = open(pytorchZip(one({ elements: 6, ...view }), shared));
    expect(checkpoint.tensors.get("x")?.shape).toStrictEqual(view.shape);
    expect(checkpoint.tensors.get("x")?.readFloat32()).toStrictEqual(Float32Array.from(expected));
  });

  it("reads views of a deflated storage, and parameters", () => {
    const parameter = ops(
      global("torch._utils", "_rebuild_parameter"),
      tuple(tensor({ elements: 6, offset: 2 }), ops("\x88"), ops(")")),
      "R",
    );
    const checkpoint = open(
      zip([
        { name: "m/data.pkl", data: file(dict({ p: parameter })) },
        { name: "m/data/0", data: shared[0], deflated: true },
      ]),
    );
    expect(checkpoint.tensors.get("p")?.readFloat32()).toStrictEqual(Float32Array.of(2, 3));
  });

  it("reads the types that have no storage class from untyped storages", () => {
    const id = ops(
      tuple(text("storage"), global("torch.storage", "UntypedStorage"), text("0"), text("cpu"), integer(4)),
      "Q",
    );
    const rest = [
      integer(0),
      tuple(integer(2)),
      tuple(integer(1)),
      ops("\x89"),
      orderedDict,
      global("torch", "uint16"),
    ];
    const value = ops(global("torch._utils", "_rebuild_tensor_v3"), tuple(id, ...rest), "R");
    const checkpoint = open(pytorchZip(dict({ x: value }), { 0: Buffer.concat([u16(1), u16(65535)]) }));
    expect(checkpoint.tensors.get("x")?.dtype).toBe("uint16");
    expect(checkpoint.tensors.get("x")?.readFloat32()).toStrictEqual(Float32Array.of(1, 65535));
  });
});

const byte = (value: number): Buffer => Buffer.from([value]);

/** Forty dictionaries, each holding the one before it twice. */
const laughs = (): Buffer => {
  const levels = Array.from({ length: 40 }, (_, level) =>
    ops("0}(", text("a"), "h", byte(level), text("b"), "h", byte(level), "uq", byte(level + 1)),
  );
  return ops(tensor(), "q\x00", ...levels);
};

describe("wrong checkpoints", () => {
  it.each([
    [
      "a view beyond its storage",
      pytorchZip(one({ shape: [3] })),
      'FILE: tensor "x" (shape [3], stride [1], offset 0) reaches beyond its storage of 8 bytes',
    ],
    [
      "an offset beyond the storage",
      pytorchZip(one({ offset: 1 })),
      'FILE: tensor "x" (shape [2], stride [1], offset 1) reaches beyond its storage of 8 bytes',
    ],
    [
      "a lying stride",
      pytorchZip(one({ elements: 6, shape: [2, 2], strides: [5, 1] }), shared),
      'FILE: tensor "x" (shape [2, 2], stride [5, 1], offset 0) reaches beyond its storage of 24 bytes',
    ],
    [
      "a negative dimension",
      pytorchZip(one({ shape: [-2] })),
      "FILE: archive/data.pkl: pickle byte 140 (REDUCE): a tensor's shape is not a tuple of whole numbers >= 0",
    ],
    [
      "a negative stride",
      pytorchZip(one({ strides: [-1] })),
      "FILE: archive/data.pkl: pickle byte 140 (REDUCE): a tensor's stride is not a tuple of whole numbers >= 0",
    ],
    [
      "a negative offset",
      pytorchZip(one({ offset: -1 })),
      "FILE: archive/data.pkl: pickle byte 140 (REDUCE): a tensor's offset is not a whole number >= 0",
    ],
    [
      "fewer strides than dimensions",
      pytorchZip(one({ shape: [1, 2] })),
      "FILE: archive/data.pkl: pickle byte 150 (REDUCE): a tensor's shape and stride differ in length",
    ],
    [
      "dimensions whose product overflows",
      pytorchZip(one({ shape: [2 ** 40, 2 ** 40], strides: [0, 0] })),
      'FILE: tensor "x" has an impossible shape [1099511627776, 1099511627776]',
    ],
    [
      "dimensions hidden behind a zero",
      pytorchZip(one({ shape: [0, 2 ** 40, 2 ** 40], strides: [0, 0, 0] })),
      'FILE: tensor "x" has an impossible shape [0, 1099511627776, 1099511627776]',
    ],
    [
      "an expansion to a terabyte",
      pytorchZip(one({ shape: [2 ** 38], strides: [0] })),
      'FILE: tensor "x" repeats its storage of 8 bytes to 1099511627776, more than the whole file holds',
    ],
    [
      "a storage shorter than declared",
      pytorchZip(one({ elements: 3 })),
      'FILE: tensor "x" needs 12 bytes in entry "archive/data/0", which has 8',
    ],
    [
      "a missing storage",
      pytorchZip(one({ key: "7" })),
      'FILE: tensor "x" needs entry "archive/data/7", which is missing',
    ],
    [
      "a storage key that leaves the archive",
      pytorchZip(one({ key: "../../x" })),
      'FILE: tensor "x" needs entry "archive/data/../../x", which is missing',
    ],
    [
      "a complex tensor",
      pytorchZip(one({ storage: "ComplexFloatStorage" })),
      'FILE: holds no tensors; "x" is an object of torch.ComplexFloatStorage; expected a state dict: torch.save(model.state_dict(), file)',
    ],
    [
      "an untyped tensor",
      pytorchZip(one({ storage: "torch.storage.UntypedStorage" })),
      'FILE: holds no tensors; "x" is an object of torch.storage.UntypedStorage; expected a state dict: torch.save(model.state_dict(), file)',
    ],
    [
      "a name that climbs",
      pytorchZip(dict({ "../x": tensor() })),
      'FILE: a tensor is refused: the name "../x" looks like a path',
    ],
    [
      "an absolute name",
      pytorchZip(dict({ "/x": tensor() })),
      'FILE: a tensor is refused: the name "/x" looks like a path',
    ],
    [
      "a name with NUL",
      pytorchZip(dict({ "x\0": tensor() })),
      'FILE: a tensor is refused: the name "x\\u0000" has a control character',
    ],
    [
      "a name with a backslash",
      pytorchZip(dict({ "..\\x": tensor() })),
      'FILE: a tensor is refused: the name "..\\\\x" has a backslash',
    ],
    ["an empty name", pytorchZip(dict({ "": tensor() })), "FILE: a tensor is refused: the name is empty"],
    [
      "a tensor named twice",
      pytorchZip(ops("}(", text("x"), tensor(), text("x"), tensor(), "u")),
      'FILE: tensor "x" is there twice',
    ],
    [
      "two ways to one name",
      pytorchZip(dict({ "a.b": tensor(), a: dict({ b: tensor() }) })),
      'FILE: tensor "a.b" is there twice',
    ],
    ["no tensors", pytorchZip(dict({ epoch: integer(3) })), "FILE: holds no tensors"],
    [
      "a bare tensor",
      pytorchZip(tensor()),
      "FILE: its top level is not a dictionary; expected a state dict: torch.save(model.state_dict(), file)",
    ],
    [
      "dictionaries that double forty times",
      pytorchZip(laughs()),
      "FILE: its containers repeat one another and unfold to far more than the file holds",
    ],
    [
      "a TorchScript archive",
      pytorchZip(dict({}), {}, [{ name: "archive/constants.pkl", data: file(ops(")")) }]),
      "FILE: is a TorchScript archive; expected a state dict: torch.save(torch.jit.load(file).state_dict(), other)",
    ],
    [
      "a big-endian archive",
      pytorchZip(one({}), { 0: floats(1, 2) }, [{ name: "archive/byteorder", data: Buffer.from("big") }]),
      "FILE: was written on a big-endian machine; expected little endian",
    ],
    [
      "a pickle of 2 MB in a file of 3 kB",
      zip([{ name: "m/data.pkl", data: file(ops("N".repeat(2_000_000))), deflated: true }]),
      'FILE: entry "m/data.pkl" has 2000003 bytes; expected at most 1048576',
    ],
    [
      "a pickle of 20 MB",
      pytorchZip(ops("N".repeat(20_000_000))),
      "FILE: archive/data.pkl: pickle byte 1000002 (NONE): the stack grows beyond 1000000 values",
    ],
    [
      "a pickle that is no checkpoint",
      file(dict({ x: integer(1) })),
      "FILE: is a pickle that torch.save did not write, without NumPy arrays; expected a state dict of tensors or arrays",
    ],
    [
      "another legacy version",
      pytorchLegacy(one({}), { protocol: 1002 }),
      "FILE: has a container version other than 1001",
    ],
    [
      "a big-endian legacy file",
      pytorchLegacy(one({}), { littleEndian: false }),
      "FILE: was written on a big-endian machine; expected little endian",
    ],
    [
      "a hostile legacy header",
      pytorchLegacy(one({}), { magic: ops(global("os", "system"), tuple(text("id")), "R") }),
      "FILE: is a pickle that torch.save did not write, and has 209 bytes after its end",
    ],
    [
      "a legacy storage with another size",
      pytorchLegacy(one({}), { storages: Buffer.concat([u64(1), floats(1)]) }),
      'FILE: storage "0" at byte 208 has 1 elements; its tensors say 2',
    ],
    [
      "a legacy storage with a negative size",
      pytorchLegacy(one({}), { storages: Buffer.concat([u64(2n ** 64n - 1n), floats(1)]) }),
      'FILE: storage "0" at byte 208 has -1 elements; its tensors say 2',
    ],
    [
      "a truncated legacy storage",
      pytorchLegacy(one({}), { storages: Buffer.concat([u64(2), floats(1)]) }),
      'FILE: is truncated: storage "0" needs bytes 216 to 224, but the file ends at byte 220',
    ],
    [
      "a legacy file that ends before its storages",
      pytorchLegacy(one({}), { storages: Buffer.alloc(0) }),
      "FILE: is truncated: 8 bytes are expected at byte 208, but the file ends at byte 208",
    ],
    [
      "bytes after the legacy storages",
      pytorchLegacy(one({}), { storages: Buffer.concat([u64(2), floats(1, 2, 3)]) }),
      "FILE: has 4 bytes after its last storage; expected none",
    ],
    [
      "a legacy storage that is not listed",
      pytorchLegacy(one({}), { keys: [], storages: Buffer.alloc(0) }),
      'FILE: tensor "x" needs storage "0", which is missing',
    ],
    [
      "a legacy storage that no tensor uses",
      pytorchLegacy(one({}), { keys: ["0", "1"] }),
      'FILE: no tensor tells the type of storage "1"',
    ],
    [
      "a legacy storage listed twice",
      pytorchLegacy(one({}), {
        keys: ["0", "0"],
        storages: Buffer.concat([u64(2), floats(1, 2), u64(2), floats(1, 2)]),
      }),
      'FILE: its list of storages holds "0" twice',
    ],
    [
      "a legacy storage inside another",
      pytorchLegacy(one({ idRest: [tuple(text("1"), integer(0), integer(2))] })),
      "FILE: pickle byte 183 (BINPERSID): a storage inside another one is refused (PyTorch before 0.4 wrote them); save it with a newer PyTorch",
    ],
    [
      "two types for one legacy storage",
      pytorchLegacy(dict({ x: tensor(), y: tensor({ storage: "IntStorage" }) })),
      'FILE: pickle byte 290 (BINPERSID): storage "0" has two types or sizes',
    ],
  ])("refuses %s", (_what, bytes, message) => {
    expect(failure(bytes)).toBe(message);
  });
});
