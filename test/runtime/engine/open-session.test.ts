import { describe, expect, test } from "vitest";
import type { onnx } from "../../../compiler/artifact/onnx.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import type { Engine, HostTensor } from "../../../runtime/engine/engine.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { openSession } from "../../../runtime/engine/open-session.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { hostTensor } from "./host-tensor.ts";

const count = 4 * 2 ** 20;

const vector = (name: string): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: count }] } } },
});

/** y = -x, z = x + x; of [count] each. */
const model: onnx.IModelProto = {
  irVersion: 9,
  opsetImport: [{ domain: "", version: 20 }],
  graph: {
    name: "two outputs",
    input: [vector("x")],
    output: [vector("y"), vector("z")],
    node: [
      { opType: "Neg", input: ["x"], output: ["y"] },
      { opType: "Add", input: ["x", "x"], output: ["z"] },
    ],
  },
};

const filled = (value: number, length = count): HostTensor =>
  hostTensor("float32", new Float32Array(length).fill(value), [length]);

describe("a session that writes into given tensors", () => {
  test("fills them all, and leaves no copy beside them", async () => {
    const session = await openSession(nodeEngine, { path: "two.onnx", metadata: {} }, model, cpuDevice, {
      outputsAreGiven: true,
    });
    const [x, y, z] = [filled(3), filled(0), filled(0)];
    const before = process.memoryUsage().arrayBuffers;
    await session.runInto({ x }, { y, z });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(count);
    expect([y.data[0], y.data[count - 1], z.data[0], z.data[count - 1]]).toStrictEqual([-3, -3, 6, 6]);
    expect(session.outputNames).toStrictEqual(["y", "z"]);
    await session.release();
  });

  test("may be given an input's own tensor", async () => {
    const session = await openSession(nodeEngine, { path: "two.onnx", metadata: {} }, model, cpuDevice, {
      outputsAreGiven: true,
    });
    const [x, z] = [filled(3), filled(0)];
    await session.runInto({ x }, { y: x, z });
    expect(x.data[count - 1]).toBe(-3);
    await session.release();
  });

  test("tells what goes wrong in a run", async () => {
    const session = await openSession(nodeEngine, { path: "two.onnx", metadata: {} }, model, cpuDevice, {
      outputsAreGiven: true,
    });
    const run = session.runInto({ x: filled(1, 7) }, { y: filled(0), z: filled(0) });
    await expect(run).rejects.toThrow(UserError);
    await expect(run).rejects.toThrow(
      "two.onnx: ONNX Runtime cannot run the graph (Got invalid dimensions for input: x",
    );
    await session.release();
  });
});

describe("a failure of ONNX Runtime's that names a node", () => {
  const named = { path: "spec.onnx", metadata: { lines: { blocks: "ast.ts:7", "blocks.1.residual1": "ast.ts:9" } } };
  const node = (path: string, opType: string, input: string[]): onnx.IModelProto => ({
    ...model,
    graph: {
      name: "one node",
      input: ["x", "shape"].map((name) => ({
        name,
        type: { tensorType: { elemType: name === "x" ? 1 : 7, shape: { dim: [{ dimParam: name }] } } },
      })),
      output: [{ name: "y", type: { tensorType: { elemType: 1 } } }],
      node: [{ name: `training/${path}/reshape.0`, opType, input, output: ["y"] }],
    },
  });

  test("in a run: the layer and its line of the spec", async () => {
    const reshape = node("blocks.1.residual1.attention", "Reshape", ["x", "shape"]);
    const session = await openSession(nodeEngine, named, reshape, cpuDevice);
    const shape = hostTensor("int64", BigInt64Array.of(7n), [1]);
    const run = session.run({ x: filled(1, 3), shape });
    await expect(run).rejects.toThrow(
      "spec.onnx: ONNX Runtime cannot run blocks.1.residual1.attention (ast.ts:9) of the graph (Non-zero status code returned while running Reshape node.",
    );
    await expect(run).rejects.toMatchObject({
      code: "graph-fails",
      facts: { layer: "blocks.1.residual1.attention", specLine: "ast.ts:9" },
    });
    await session.release();
  });

  test("where it is opened; a layer whose line is not told is told by its path", async () => {
    const refused = (path: string) => openSession(nodeEngine, named, node(path, "Reshapee", ["x"]), cpuDevice);
    await expect(refused("blocks.0.residual2")).rejects.toThrow(
      "spec.onnx: ONNX Runtime refuses blocks.0.residual2 (ast.ts:7) of the graph; compile or copy it again (",
    );
    await expect(refused("dense")).rejects.toThrow(
      "spec.onnx: ONNX Runtime refuses dense of the graph; compile or copy it again (",
    );
    await expect(openSession(nodeEngine, named, node("dense", "Reshape", ["x", "none"]), cpuDevice)).rejects.toThrow(
      "spec.onnx: ONNX Runtime refuses the graph; compile or copy it again (Invalid model. Node input 'none'",
    );
  });

  test("on a device: what it does not run", async () => {
    const reason = "Kernel not found for node (forward/blocks.1.residual1/add.0)";
    const refusing: Engine = { ...nodeEngine, open: () => Promise.reject(new Error(`${reason}\nmore`)) };
    const device = { kind: "webgpu", name: "card", float16: false } as const;
    await expect(openSession(refusing, named, model, device)).rejects.toThrow(
      `spec.onnx: blocks.1.residual1 (ast.ts:9) does not run on webgpu (card): ${reason}`,
    );
  });
});
