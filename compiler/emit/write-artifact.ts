/** Writes `graph.onnx`, and `graph.onnx.data` beside it when the parameters are large. Nothing is left half-written. */
import { renameSync, rmSync, statSync } from "node:fs";
import { basename } from "node:path";
import { alignment, inlineLimitBytes, type Values } from "../artifact/external-data.ts";
import { type ExtraOutput, withOutputs } from "../artifact/extra-outputs.ts";
import { createChecksum } from "../artifact/files/data-file.ts";
import { replacePair, temporaryPath } from "../artifact/files/temporary-files.ts";
import { writeFailures } from "../artifact/files/write-failures.ts";
import { encodeOnnx } from "../artifact/onnx.ts";
import { CompileError } from "../diagnostics/diagnostic.ts";
import { elements } from "../ir/shape.ts";
import type { State } from "../ir/graph.ts";
import { weightsOf, type Program } from "../ir/program.ts";
import { encodeModel } from "./encode-model.ts";
import { openTemporary, type TemporaryFile } from "./open-temporary.ts";

const byteLength = ({ value }: State): number => 4 * elements(value.type.shape);
const asBytes = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * @param read a parameter's values; called once per parameter, in order
 * @param outputs that the graph has besides logits and scores
 * @returns the bytes written: of the graph, and of the data file
 * @throws CompileError when the disk is full or the path cannot be written, or the network has no such output
 */
export const writeArtifact = (
  path: string,
  program: Program,
  read: (state: State) => Float32Array,
  metadata: readonly { readonly key: string; readonly value: string }[],
  producerVersion: string,
  outputs: readonly ExtraOutput[] = [],
): { readonly graph: number; readonly data: number } => {
  const weights = weightsOf(program);
  const isExternal = weights.reduce((total, state) => total + byteLength(state), 0) > inlineLimitBytes;
  const places = new Map<State, Values>();
  const opened: TemporaryFile[] = [];
  const open = (target: string): TemporaryFile => {
    const file = openTemporary(target);
    opened.push(file);
    return file;
  };

  try {
    // Found out before the data file is in place, not after.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    const dataPath = `${path}.data`;
    const dataFile = isExternal ? open(dataPath) : undefined;
    const checksum = createChecksum();
    const ranges: [State, { offset: number; length: number }][] = [];
    let end = 0;
    for (const state of weights) {
      const bytes = asBytes(read(state));
      if (!dataFile) {
        places.set(state, { kind: "inline", bytes });
        continue;
      }
      const padding = new Uint8Array((alignment - (end % alignment)) % alignment);
      for (const part of [padding, bytes]) {
        dataFile.write(part);
        checksum.update(part);
      }
      ranges.push([state, { offset: end + padding.length, length: bytes.length }]);
      end += padding.length + bytes.length;
    }
    const told = { location: basename(dataPath), checksum: checksum.digest("hex") };
    for (const [state, range] of ranges) places.set(state, { kind: "external", place: { ...told, ...range } });
    const place = (state: State): Values => {
      const placement = places.get(state);
      if (!placement) throw new Error(`${state.value.name} was not placed`);
      return placement;
    };
    const model = withOutputs(encodeModel(program, place, metadata, producerVersion), outputs);
    if (typeof model === "string") {
      throw new CompileError([{ code: "output-missing", message: `the graph cannot have such an output: ${model}` }]);
    }
    const encoded = encodeOnnx(model);
    open(path).write(encoded);
    for (const { finish } of opened) finish();
    if (dataFile) {
      replacePair(path, dataPath);
    } else {
      renameSync(temporaryPath(path), path);
      rmSync(dataPath, { force: true });
    }
    return { graph: encoded.length, data: end };
  } catch (error) {
    opened.forEach(({ discard }) => discard());
    const { code = "" } = error as NodeJS.ErrnoException;
    const reason = writeFailures[code];
    if (!reason) throw error;
    throw new CompileError([{ code: "output-not-written", message: `cannot write ${path}: ${reason}` }]);
  }
};
