/** ONNX Runtime without its telemetry; the linter keeps every other file from loading the library. */
// Modules are evaluated in the order of these lines.
import "./disable-telemetry.ts";

export { env, InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
