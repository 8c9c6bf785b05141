/** ONNX Runtime itself, for tests of what runs on it; without its telemetry. */
import "../runtime/engine/disable-telemetry.ts";

export { InferenceSession, Tensor } from "onnxruntime-node";
