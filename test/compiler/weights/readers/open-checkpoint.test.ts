import { execFileSync } from "node:child_process";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { TensorEntry } from "../../../../compiler/weights/readers/checkpoint.ts";
import { CheckpointError } from "../../../../compiler/weights/readers/checkpoint-error.ts";
import { openCheckpoint } from "../../../../compiler/weights/readers/open-checkpoint.ts";
import {
  failure,
  floats,
  npy,
  open,
  pickle,
  pytorchLegacy,
  pytorchZip,
  safetensors,
  temporaryFolder,
  tensor,
  u64,
  writeTemporary,
  zip,
} from "./builders.ts";

const golden = fileURLToPath(new URL("../../../../golden/ckpt", import.meta.url));
const readJson = (name: string): unknown => JSON.parse(readFileSync(join(golden, name), "utf8"));

interface Manifest {
  readonly files: readonly {
    readonly file: string;
    readonly tensors:
      | null
      | readonly {
          readonly name: string;
          readonly shape: readonly number[];
          readonly dtype: string;
          readonly sum: number;
          readonly first4: readonly number[];
        }[];
    readonly expected?: Readonly<
      Record<string, { readonly shape: readonly number[]; readonly dtype: string; readonly values: readonly number[] }>
    >;
  }[];
}

const { files } = readJson("manifest.json") as Manifest;

const values = ({ dtype, read, readFloat32 }: TensorEntry): number[] =>
  dtype === "float64" ? [...new Float64Array(read().buffer)] : [...readFloat32()];

describe("files written by torch.save", () => {
  it.each(files.filter(({ tensors }) => tensors !== null))("$file has every tensor of its manifest", (expected) => {
    const read = [...openCheckpoint(join(golden, expected.file)).tensors.values()];
    const rows = expected.tensors ?? [];
    const below = (name: string): string => name.replace(/^(model|state_dict)\./, "");
    expect(read.map(({ name, shape, dtype }) => [below(name), shape, dtype])).toStrictEqual(
      rows.map(({ name, shape, dtype }) => [name, shape, dtype]),
    );
    for (const [index, { sum, first4 }] of rows.entries()) {
      const elements = [...(read[index]?.readFloat32() ?? [])];
      expect(elements.slice(0, 4)).toStrictEqual(first4);
      expect(elements.reduce((total, element) => total + element, 0)).toBeCloseTo(sum, 9);
    }
  });

  it.each(["edge_zip.pth", "edge_legacy.pth"])("%s is equal bit for bit to what PyTorch reads", (file) => {
    const { tensors, metadata } = openCheckpoint(join(golden, file));
    const read = [...tensors.values()].map((tensor) => [
      tensor.name.replace(/^state_dict\./, ""),
      { shape: tensor.shape, dtype: tensor.dtype, values: values(tensor) },
    ]);
    expect(Object.fromEntries(read)).toStrictEqual(files.find((row) => row.file === "edge_zip.pth")?.expected);
    expect([...metadata]).toStrictEqual([
      ["epoch", "7"],
      ["args.lr", "0.0001"],
      ["args.name", "mini"],
      ["args.flag", "true"],
      ["args.none", "null"],
    ]);
  });

  it("an optimizer's state has paths with its parameters' indices", () => {
    const { tensors } = openCheckpoint(join(golden, "optim_mini_zip.pth"));
    expect([...tensors.keys()].slice(0, 3)).toStrictEqual(["state.0.step", "state.0.exp_avg", "state.0.exp_avg_sq"]);
    expect(tensors.get("state.0.step")?.shape).toStrictEqual([]);
  });
});

describe("recognition by content", () => {
  it.each([
    ["a PyTorch archive", readFileSync(join(golden, "edge_zip.pth")), "pytorch"],
    ["the legacy container", readFileSync(join(golden, "edge_legacy.pth")), "pytorch"],
    ["safetensors", safetensors({ x: { dtype: "F32", shape: [], data_offsets: [0, 4] } }, floats(1)), "safetensors"],
    ["npz", zip([{ name: "x.npy", data: npy("<f4", [], floats(1)) }]), "npz"],
  ])("knows %s", (_what, bytes, format) => {
    expect(open(bytes).format).toBe(format);
  });

  /** A safetensors file whose header has this many bytes. */
  const withHeaderOf = (bytes: number): Buffer => {
    const header = JSON.stringify({ x: { dtype: "F32", shape: [], data_offsets: [0, 4] } });
    return safetensors(header.padEnd(bytes), floats(1));
  };

  it("knows safetensors by more than its first byte, which is any", () => {
    const lengths = Array.from({ length: 256 }, (_, low) => 256 + low);
    expect(lengths.filter((length) => open(withHeaderOf(length)).format !== "safetensors")).toStrictEqual([]);
  });

  it.each([
    ["a pickle's protocol", 0x0280],
    ["the highest pickle protocol", 0x0580],
    ["a graph's version", 0x0908],
    ["a web page", Buffer.from("<h\0\0").readUInt32LE(0)],
    ["gzip", Buffer.from("\x1f\x8b\0\0", "latin1").readUInt32LE(0)],
  ])("knows safetensors whose length looks like %s", (_what, bytes) => {
    const checkpoint = open(withHeaderOf(bytes));
    expect(checkpoint.format).toBe("safetensors");
    expect(checkpoint.tensors.get("x")?.readFloat32()).toStrictEqual(Float32Array.of(1));
  });

  it.each([
    ["zip's signature", "PK\x03\x04"],
    ["an empty zip's", "PK\x05\x06"],
    ["NumPy's", "\x93NUM"],
  ])("names the header of a safetensors file that is too long, though its length looks like %s", (_what, text) => {
    const length = Buffer.from(text, "latin1").readUInt32LE(0);
    expect(failure(Buffer.concat([u64(length), Buffer.from('{"x":1}')]))).toBe(
      `FILE: its safetensors header claims ${length} bytes; expected at most 16777216`,
    );
  });

  it("names a safetensors file that is cut, though its length looks like a pickle", () => {
    expect(failure(withHeaderOf(0x0280).subarray(0, 100))).toBe(
      "FILE: its safetensors header claims 640 bytes, but the file has 100; it is truncated or its header lies",
    );
  });

  it.each([
    ["an empty file", Buffer.alloc(0), "FILE: is empty (0 bytes)"],
    [
      "text",
      Buffer.from("just some text, long enough"),
      "FILE: is not a checkpoint; expected a PyTorch checkpoint (.pth, .pt, .bin), .safetensors, .npz, a graph.onnx or a checkpoint of ONNX Runtime's training",
    ],
    [
      "three bytes",
      Buffer.from("PKx"),
      "FILE: is not a checkpoint; expected a PyTorch checkpoint (.pth, .pt, .bin), .safetensors, .npz, a graph.onnx or a checkpoint of ONNX Runtime's training",
    ],
    [
      "HDF5",
      Buffer.concat([Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), Buffer.alloc(100)]),
      "FILE: is an HDF5 file, as Keras saves weights; save them by name with numpy.savez, or from PyTorch",
    ],
    [
      "GGUF",
      Buffer.from("GGUF\x03\0\0\0"),
      "FILE: is a GGUF file, whose weights are rounded for inference; expected those it was made from",
    ],
    [
      "a TensorFlow Lite model",
      Buffer.from("\x1c\0\0\0TFL3\0\0"),
      "FILE: is a TensorFlow Lite model; expected the weights it was made from",
    ],
    [
      "Flax's msgpack",
      Buffer.from("\x83\xa6params\x80", "latin1"),
      'FILE: is msgpack, as Flax saves weights; save them with numpy.savez(file, **flax.traverse_util.flatten_dict(params, sep="/"))',
    ],
    ["gzip", gzipSync("x"), "FILE: is compressed (gzip); unpack it first"],
    [
      "a tar archive",
      Buffer.concat([Buffer.from("model.pth".padEnd(257, "\0")), Buffer.from("ustar\0")]),
      "FILE: is a tar archive; unpack it first",
    ],
    [
      "a zip archive of a checkpoint",
      zip([{ name: "run/model.pth", data: floats(1) }]),
      "FILE: is a zip archive of other files; unpack it first",
    ],
    [
      "a Keras archive",
      zip([{ name: "model.weights.h5", data: floats(1) }]),
      "FILE: is a Keras model; save its weights by name with numpy.savez",
    ],
    [
      "a program of torch.export",
      zip([{ name: "m/archive_format", data: Buffer.from("pt2") }]),
      "FILE: is a program of torch.export; expected a state dict: torch.save(torch.export.load(file).state_dict, other)",
    ],
    [
      "a Git LFS pointer",
      Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
      "FILE: is a Git LFS pointer, not the file itself; run: git lfs pull",
    ],
    [
      "a web page",
      Buffer.from("<!DOCTYPE html><title>404</title>"),
      "FILE: is a web page, not a checkpoint: the download failed; expected a PyTorch checkpoint (.pth, .pt, .bin), .safetensors, .npz, a graph.onnx or a checkpoint of ONNX Runtime's training",
    ],
    [
      "a single array",
      npy("<f4", [1], floats(1)),
      "FILE: is a single .npy array; expected a PyTorch checkpoint (.pth, .pt, .bin), .safetensors, .npz, a graph.onnx or a checkpoint of ONNX Runtime's training (numpy.savez)",
    ],
  ])("refuses %s", (_what, bytes, message) => {
    expect(failure(bytes)).toBe(message);
  });

  it("refuses a missing file and a directory", () => {
    const folder = temporaryFolder();
    expect(() => openCheckpoint(folder)).toThrow(`${folder}: is a directory; expected a checkpoint file`);
    const missing = join(folder, "vit.pth");
    expect(() => openCheckpoint(missing)).toThrow(`${missing}: there is no such file`);
  });

  it("refuses what is no file without waiting for it", () => {
    const pipe = join(temporaryFolder(), "pipe");
    execFileSync("sh", ["-c", `mkfifo "${pipe}"`]);
    expect(() => openCheckpoint(pipe)).toThrow(`${pipe}: is not a regular file; expected a checkpoint file`);
  });

  it("refuses to go on when the file has changed since it was opened", () => {
    const path = writeTemporary(zip([{ name: "x.npy", data: npy("<f4", [], floats(1)) }]));
    const { tensors } = openCheckpoint(path);
    utimesSync(path, 0, 0);
    expect(() => tensors.get("x")?.read()).toThrow(`${path}: changed while it was being read`);
  });
});

/** The same numbers in every run: Numerical Recipes' linear congruential generator. */
const randomIntegers = (): ((below: number) => number) => {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

describe("random damage", () => {
  const { ops, text, integer, tuple, global, dict, file } = pickle;
  const options = ops(global("argparse", "Namespace"), ")\x81", dict({ lr: integer(1) }), "b");
  const state = dict({ log: ops("](", integer(1), text("x"), "e"), model: dict({ w: tensor() }), options });
  const array = ops(global("numpy._core.numeric", "_frombuffer"), tuple(text("x")), "R");
  const header = { x: { dtype: "F32", shape: [2], data_offsets: [0, 8] } };
  const places = JSON.stringify({ weight_map: { x: "a.safetensors" } });

  it.each([
    ["an archive", pytorchZip(state)],
    ["the legacy container", pytorchLegacy(state)],
    ["a plain pickle", file(dict({ array, options }))],
    ["npz", zip([{ name: "x.npy", data: npy("<f4", [2], floats(1, 2)), deflated: true }])],
    ["safetensors", safetensors(header, floats(1, 2))],
    ["an index of shards", Buffer.from(places)],
  ])("of %s ends in tensors or in a CheckpointError", (_what, whole) => {
    const random = randomIntegers();
    const damages: readonly ((bytes: Buffer) => Buffer)[] = [
      (bytes) => bytes.subarray(0, random(bytes.length)),
      (bytes) => bytes.fill(random(256), random(bytes.length), random(bytes.length)),
      (bytes) => {
        for (let count = random(4); count >= 0; count -= 1) bytes.writeUInt8(random(256), random(bytes.length));
        return bytes;
      },
      (bytes) => {
        const [from, at] = [random(bytes.length), random(bytes.length)];
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + random(40)), bytes.subarray(at)]);
      },
    ];
    const path = writeTemporary(whole);
    const others: unknown[] = [];
    for (let round = 0; round < 400; round += 1) {
      writeFileSync(path, damages[round % damages.length]?.(Buffer.from(whole)) ?? whole);
      try {
        for (const { read } of openCheckpoint(path).tensors.values()) read();
      } catch (error) {
        if (!(error instanceof CheckpointError)) others.push(error);
      }
    }
    expect(others).toStrictEqual([]);
  });
});

describe("damaged files", () => {
  // Every 61st byte keeps the test short; 61 is prime to every record's size.
  const step = 61;
  it.each(["edge_zip.pth", "edge_legacy.pth"])(
    "%s gives its tensors or a CheckpointError, whatever byte is wrong or missing",
    (file) => {
      const whole = readFileSync(join(golden, file));
      const attempt = (bytes: Buffer): unknown => {
        try {
          return [...open(bytes).tensors.values()].map((tensor) => tensor.read());
        } catch (error) {
          return error;
        }
      };
      for (let at = 1; at < whole.length; at += step) {
        const flipped = Buffer.from(whole);
        flipped.writeUInt8(whole.readUInt8(at) ^ 0xff, at);
        const outcome = attempt(flipped);
        expect(outcome).toSatisfy((value) => Array.isArray(value) || value instanceof CheckpointError);
        expect(attempt(whole.subarray(0, at))).toBeInstanceOf(CheckpointError);
      }
    },
  );
});
