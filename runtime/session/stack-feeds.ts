import { Tensor } from "onnxruntime-node";
import { absentSample, names } from "../../compiler/artifact.ts";
import type { Tensors } from "./state-store.ts";

/** Rows of a tensor's last axis, in a tensor whose last axis is as long as the longest. */
const stack = (tensors: readonly Tensor[], fill: number): Tensor => {
  const [first] = tensors;
  if (!first) throw new Error("nothing to stack");
  const lead = first.dims.slice(0, -1);
  const lengths = tensors.map(({ dims }) => dims.at(-1) ?? 1);
  const longest = Math.max(...lengths);
  const rows = lead.reduce((count, dim) => count * dim, 1);
  const data = new Float32Array(tensors.length * rows * longest);
  tensors.forEach(({ data: values }, index) => {
    const length = lengths[index] ?? 1;
    for (let row = 0; row < rows; row++) {
      const start = (index * rows + row) * longest;
      data.set((values as Float32Array).subarray(row * length, (row + 1) * length), start);
      data.fill(fill, start + length, start + longest);
    }
  });
  return new Tensor("float32", data, [tensors.length, ...(first.dims.length === 0 ? [] : [...lead, longest])]);
};

/**
 * The inputs of several steps as one, float32, with an axis for the steps in front. Clips of shorter batches are filled up
 * with absent samples, as within a batch.
 * @param steps batches of equally many clips
 */
export const stackFeeds = (steps: readonly Tensors[]): Tensors =>
  Object.fromEntries(
    Object.keys(steps[0] ?? {}).map((name) => [
      name,
      stack(
        steps.flatMap((feeds) => feeds[name] ?? []),
        name === names.waveform ? absentSample : 0,
      ),
    ]),
  );
