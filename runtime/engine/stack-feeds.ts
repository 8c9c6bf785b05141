import { absentSample } from "../../compiler/artifact/names.ts";
import { createData } from "../artifact/stored-tensor.ts";
import type { HostTensor, HostTensors, TensorData } from "./engine.ts";

const createValues: Readonly<Record<HostTensor["type"], (count: number) => TensorData>> = {
  ...createData,
  bool: (count) => new Uint8Array(count),
};

/** Rows of a tensor's last axis, in a tensor whose last axis is as long as the longest. */
const stack = (name: string, tensors: readonly HostTensor[]): HostTensor => {
  const [first] = tensors;
  if (!first) throw new Error(`there is no ${name} to stack`);
  const lead = first.dims.slice(0, -1);
  const lengths = tensors.map(({ dims }) => dims.at(-1) ?? 1);
  const longest = Math.max(...lengths);
  const rows = lead.reduce((count, dim) => count * dim, 1);
  const data = createValues[first.type](tensors.length * rows * longest);
  // Only waveforms differ in length.
  if (data instanceof Float32Array && lengths.some((length) => length < longest)) data.fill(absentSample);
  tensors.forEach(({ data: values }, index) => {
    const length = lengths[index] ?? 1;
    for (let row = 0; row < rows; row++) {
      const source = values.subarray(row * length, (row + 1) * length);
      data.set(source as never, (index * rows + row) * longest);
    }
  });
  const dims = [tensors.length, ...(first.dims.length === 0 ? [] : [...lead, longest])];
  return { type: first.type, data, dims };
};

/**
 * The inputs of several runs as those of one, with an axis for the runs in front. Clips of shorter batches are filled up
 * with absent samples, as within a batch.
 * @param batches of equally many clips
 */
export const stackFeeds = (batches: readonly HostTensors[]): HostTensors =>
  Object.fromEntries(
    Object.keys(batches[0] ?? {}).map((name) => [
      name,
      stack(
        name,
        batches.flatMap((feeds) => feeds[name] ?? []),
      ),
    ]),
  );
