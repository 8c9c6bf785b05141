import { absentSample } from "../../compiler/artifact/names.ts";
import { createData } from "../artifact/stored-tensor.ts";
import type { HostTensor, HostTensors, TensorData } from "./engine.ts";

const createValues: Readonly<Record<HostTensor["type"], (count: number) => TensorData>> = {
  ...createData,
  bool: (count) => new Uint8Array(count),
};

const product = (lengths: readonly number[]): number => lengths.reduce((all, length) => all * length, 1);

/** Rows of a clip, whose values lie along the axis after the clips', in a tensor whose rows are as long as the longest. */
const stack = (name: string, tensors: readonly HostTensor[]): HostTensor => {
  const [first] = tensors;
  if (!first) throw new Error(`there is no ${name} to stack`);
  const [clips, , ...rest] = first.dims;
  const rows = clips ?? 1;
  const lengths = tensors.map(({ dims }) => product(dims.slice(1)));
  const longest = Math.max(...lengths);
  const data = createValues[first.type](tensors.length * rows * longest);
  // Waveforms [clips, samples] end in absent samples; of what is drawn for their frames [clips, frames, ...] no more is read.
  const isWaveform = first.dims.length === 2 && lengths.some((length) => length < longest);
  if (data instanceof Float32Array && isWaveform) data.fill(absentSample);
  tensors.forEach(({ data: values }, index) => {
    const length = lengths[index] ?? 1;
    for (let row = 0; row < rows; row++) {
      const source = values.subarray(row * length, (row + 1) * length);
      data.set(source as never, (index * rows + row) * longest);
    }
  });
  const own = first.dims.length > 1 ? [rows, longest / product(rest), ...rest] : first.dims;
  return { type: first.type, data, dims: [tensors.length, ...own] };
};

/**
 * The inputs of several runs as those of one, with an axis for the runs in front. Clips of shorter batches are filled up
 * with absent samples, as within a batch, and what is drawn for their frames with zeros.
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
