import { fileURLToPath } from "node:url";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";

/** Compiled with this package, of `spec/front-end.ts`. Tests, which run the source, take the built one. */
const path = fileURLToPath(
  new URL(
    import.meta.url.endsWith(".ts") ? "../../dist/runtime/stats/front-end.onnx" : "../stats/front-end.onnx",
    import.meta.url,
  ),
);

/** AST's features, where no graph's own are wanted. */
export const readFrontEnd = (): Artifact => readWaveformArtifact(path);
