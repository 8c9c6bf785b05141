/** The engine of Node.js, as ONNX Runtime profiles it: what its operators take, by kind and by part of the spec. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeIn } from "../../compiler/artifact/spec-lines.ts";
import { encodeOnnx } from "../../compiler/artifact/onnx.ts";
import { type Engine, type HostTensor, type Tensors } from "../../runtime/engine/engine.ts";
import { copyInto, fromNative, nativeOptions, toNative } from "../../runtime/engine/native.ts";
import { nodeEngine } from "../../runtime/engine/node.ts";
import { InferenceSession, Tensor } from "../onnxruntime.ts";

const create = ({ type, data, dims }: HostTensor): Tensor => new Tensor(type, data as never, dims);

/** @param folder gets a file of each session that is released */
export const profilingEngine = (folder: string): Engine => ({
  ...nodeEngine,
  open: async (graph, options) => {
    const native = {
      ...nativeOptions(options, "cpu"),
      enableProfiling: true,
      profileFilePrefix: join(folder, "profile"),
    };
    const session =
      typeof graph === "string"
        ? await InferenceSession.create(graph, native)
        : await InferenceSession.create(graph instanceof Uint8Array ? graph : encodeOnnx(graph), native);
    const run = async (feeds: Tensors): Promise<Tensors> => fromNative(await session.run(toNative(feeds, create)));
    return {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      run,
      runInto: async (feeds, outputs) => copyInto(outputs, await run(feeds)),
      release: async () => {
        session.endProfiling();
        await session.release();
      },
    };
  },
});

interface Traced {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const shares = (microseconds: ReadonlyMap<string, number>): readonly (readonly [name: string, share: number])[] => {
  const total = [...microseconds.values()].reduce((sum, each) => sum + each, 0);
  return [...microseconds].map(([name, each]) => [name, each / total] as const).toSorted(([, a], [, b]) => b - a);
};

/** What the sessions took that were released, as shares of all their operators' time. */
export const readProfile = (folder: string) => {
  const [byOperator, byPart] = [new Map<string, number>(), new Map<string, number>()];
  for (const file of readdirSync(folder).filter((name) => name.startsWith("profile"))) {
    for (const { cat, name, dur, args } of JSON.parse(readFileSync(join(folder, file), "utf8")) as readonly Traced[]) {
      if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
      const operator = args?.op_name ?? "?";
      // Blocks are alike: their numbers are left out.
      const part = nodeIn(name)?.path.replace(/blocks\.\d+/, "blocks.*") ?? "what ONNX Runtime has joined";
      byOperator.set(operator, (byOperator.get(operator) ?? 0) + dur);
      byPart.set(part, (byPart.get(part) ?? 0) + dur);
    }
  }
  return { operators: shares(byOperator), parts: shares(byPart) };
};
