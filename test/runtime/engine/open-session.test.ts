import { describe, expect, test } from "vitest";
import type { onnx } from "../../../compiler/artifact/onnx.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import type { HostTensor } from "../../../runtime/engine/engine.ts";
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
    const session = await openSession(nodeEngine, { path: "two.onnx" }, model, cpuDevice, { outputsAreGiven: true });
    const [x, y, z] = [filled(3), filled(0), filled(0)];
    const before = process.memoryUsage().arrayBuffers;
    await session.runInto({ x }, { y, z });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(count);
    expect([y.data[0], y.data[count - 1], z.data[0], z.data[count - 1]]).toStrictEqual([-3, -3, 6, 6]);
    expect(session.outputNames).toStrictEqual(["y", "z"]);
    await session.release();
  });

  test("may be given an input's own tensor", async () => {
    const session = await openSession(nodeEngine, { path: "two.onnx" }, model, cpuDevice, { outputsAreGiven: true });
    const [x, z] = [filled(3), filled(0)];
    await session.runInto({ x }, { y: x, z });
    expect(x.data[count - 1]).toBe(-3);
    await session.release();
  });

  test("tells what goes wrong in a run", async () => {
    const session = await openSession(nodeEngine, { path: "two.onnx" }, model, cpuDevice, { outputsAreGiven: true });
    const run = session.runInto({ x: filled(1, 7) }, { y: filled(0), z: filled(0) });
    await expect(run).rejects.toThrow(UserError);
    await expect(run).rejects.toThrow(
      "two.onnx: ONNX Runtime cannot run the graph (Got invalid dimensions for input: x",
    );
    await session.release();
  });
});
