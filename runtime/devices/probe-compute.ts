import onnxProto from "onnx-proto";
import { runProbe } from "./run-probe.ts";

const float32 = (name: string) => ({ name, type: { tensorType: { elemType: 1 } } });

/** y = x x: the least that needs a kernel, and on CUDA the libraries. */
const encodeSquare = (): string => {
  const graph = {
    name: "square",
    node: [{ opType: "MatMul", input: ["x", "x"], output: ["y"] }],
    input: [float32("x")],
    output: [float32("y")],
  };
  const model = { irVersion: 9, opsetImport: [{ domain: "", version: 20 }], graph };
  return Buffer.from(onnxProto.onnx.ModelProto.encode(model).finish()).toString("base64");
};

const square = "[7,10,15,22]";

/** Whether one of ONNX Runtime's execution providers multiplies matrices: `undefined` if so, else what was printed. */
export const probeCompute = async (provider: "webgpu" | "cuda"): Promise<string | undefined> => {
  const { answer, log } = await runProbe("compute", provider, encodeSquare());
  if (answer === undefined) return log;
  const product = JSON.stringify(answer);
  return product === square ? undefined : `a product is ${product}, not ${square}`;
};
