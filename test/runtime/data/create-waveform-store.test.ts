import { expect, test, vi } from "vitest";
import { createWaveformStore } from "../../../runtime/data/create-waveform-store.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { synthesise } from "../../../runtime/data/synthesise.ts";

const file = (path: string): Clip => ({ name: path, source: { path }, classIndices: [0] });
const [a, b, c] = [file("a"), file("b"), file("c")];

const open = (budgetBytes?: number) => {
  const loadFile = vi.fn(async (path: string) => new Float32Array(10).fill(path.charCodeAt(0)));
  const load = createWaveformStore({ loadFile, sampleRateHz: 16_000, ...(budgetBytes && { budgetBytes }) });
  return { load, read: () => loadFile.mock.calls.map(([path]) => path) };
};

test("a clip is read once", async () => {
  const { load, read } = open();
  const first = await load(a);
  expect(first[0]).toBe(97);
  expect(await load(a)).toBe(first);
  expect(read()).toEqual(["a"]);
});

test("clips beyond the budget are read each time, the first ones stay", async () => {
  const { load, read } = open(80);
  for (const clip of [a, b, c, c, b, a]) await load(clip);
  expect(read()).toEqual(["a", "b", "c", "c"]);
});

test("a clip asked for twice at once counts once", async () => {
  const { load, read } = open(80);
  await Promise.all([load(a), load(a)]);
  await load(b);
  await load(b);
  expect(read()).toEqual(["a", "a", "b"]);
});

test("a clip that could not be read is tried again", async () => {
  const loadFile = vi.fn().mockRejectedValueOnce(new Error("busy")).mockResolvedValue(Float32Array.of(1));
  const load = createWaveformStore({ loadFile, sampleRateHz: 16_000 });
  await expect(load(a)).rejects.toThrow("busy");
  expect(await load(a)).toEqual(Float32Array.of(1));
});

test("embedded sounds come at the model's rate", async () => {
  const sound = { kind: "bell", index: 3, seed: 1 };
  const clip: Clip = { name: "bell", source: { sound }, classIndices: [0] };
  const { load } = open();
  expect(await load(clip)).toEqual(synthesise(sound));
  const at32kHz = createWaveformStore({ loadFile: vi.fn(), sampleRateHz: 32_000 });
  expect(await at32kHz(clip)).toHaveLength(32_000);
});
