import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { AttributeType, encodeOnnx } from "../../compiler/artifact/onnx.ts";
import { runProbe } from "./run-probe.ts";

const float32 = (name: string) => ({ name, type: { tensorType: { elemType: onnxTypeNumbers.float32 } } });

type Precision = "float32" | "float16";

const cast = (from: string, to: string, precision: Precision) => ({
  opType: "Cast",
  input: [from],
  output: [to],
  attribute: [{ name: "to", type: AttributeType.INT, i: onnxTypeNumbers[precision] }],
});

/** y = x x: the least that needs a kernel, and on CUDA the libraries. */
const encodeSquare = (precision: Precision): string => {
  const graph = {
    name: "square",
    node: [
      cast("x", "operand", precision),
      { opType: "MatMul", input: ["operand", "operand"], output: ["product"] },
      cast("product", "y", "float32"),
    ],
    input: [float32("x")],
    output: [float32("y")],
  };
  const model = { irVersion: 9, opsetImport: [{ domain: "", version: 20 }], graph };
  return Buffer.from(encodeOnnx(model)).toString("base64");
};

const square = "[7,10,15,22]";

/**
 * Whether one of ONNX Runtime's execution providers multiplies matrices of such numbers: `undefined` if so, else what was
 * printed.
 */
export const probeCompute = async (
  provider: "webgpu" | "cuda",
  precision: Precision = "float32",
): Promise<string | undefined> => {
  const { answer, log } = await runProbe("compute", provider, encodeSquare(precision));
  if (answer === undefined) return log;
  const product = JSON.stringify(answer);
  return product === square ? undefined : `a product is ${product}, not ${square}`;
};
