/**
 * onnxruntime-node 1.30 has telemetry: each session writes its graph's name and metadata, class names among them, to a database
 * in the user's cache folder and looks up a host of Microsoft's; a command line of more than 25 kB overflows that code's stack.
 * The library asks for this variable once, when it is loaded.
 */
import { isMainThread } from "node:worker_threads";

const variable = "ORT_DISABLE_TELEMETRY";

// A worker's environment is a copy that native code does not see: there the main thread's must have been set before.
if (!isMainThread && process.env[variable] !== "1") {
  throw new Error(`${variable}=1 is not set: load the runtime in the main thread before a worker starts`);
}
process.env[variable] = "1";
