import { Tensor } from "./onnxruntime.ts";
import { absentSample } from "../../compiler/artifact/names.ts";
import type { Tensors } from "./state-store.ts";

type Values = Float32Array | Uint8Array;

const createValues: Readonly<Record<string, (count: number) => Values>> = {
  float32: (count) => new Float32Array(count),
  bool: (count) => new Uint8Array(count),
};

/** Rows of a tensor's last axis, in a tensor whose last axis is as long as the longest. */
const stack = (name: string, tensors: readonly Tensor[]): Tensor => {
  const [first] = tensors;
  const create = first && createValues[first.type];
  if (!create) throw new Error(`cannot stack ${name} of ${first?.type ?? "no tensors"}`);
  const lead = first.dims.slice(0, -1);
  const lengths = tensors.map(({ dims }) => dims.at(-1) ?? 1);
  const longest = Math.max(...lengths);
  const rows = lead.reduce((count, dim) => count * dim, 1);
  const data = create(tensors.length * rows * longest);
  // Only waveforms differ in length.
  if (data instanceof Float32Array && lengths.some((length) => length < longest)) data.fill(absentSample);
  tensors.forEach(({ data: values }, index) => {
    const length = lengths[index] ?? 1;
    for (let row = 0; row < rows; row++) {
      const source = (values as Values).subarray(row * length, (row + 1) * length);
      data.set(source, (index * rows + row) * longest);
    }
  });
  const dims = [tensors.length, ...(first.dims.length === 0 ? [] : [...lead, longest])];
  return new Tensor(first.type, data as never, dims);
};

/**
 * The inputs of several runs as those of one, with an axis for the runs in front. Clips of shorter batches are filled up
 * with absent samples, as within a batch.
 * @param batches of equally many clips
 */
export const stackFeeds = (batches: readonly Tensors[]): Tensors =>
  Object.fromEntries(
    Object.keys(batches[0] ?? {}).map((name) => [
      name,
      stack(
        name,
        batches.flatMap((feeds) => feeds[name] ?? []),
      ),
    ]),
  );
