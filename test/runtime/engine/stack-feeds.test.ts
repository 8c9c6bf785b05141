import { hostTensor } from "./host-tensor.ts";
import { expect, test } from "vitest";
import { absentSample } from "../../../compiler/artifact/names.ts";
import type { HostTensor } from "../../../runtime/engine/engine.ts";
import { stackFeeds } from "../../../runtime/engine/stack-feeds.ts";

const describeTensor = ({ type, dims, data }: HostTensor) => [type, dims, data];

test("what is drawn for the frames of shorter waveforms is filled up with zeros", () => {
  const stacked = stackFeeds([
    { noise: hostTensor("float32", Float32Array.of(1, 2, 3, 4), [2, 1, 2]) },
    { noise: hostTensor("float32", Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2, 2]) },
  ]);
  expect(Object.values(stacked).map(describeTensor)).toStrictEqual([
    ["float32", [2, 2, 2, 2], Float32Array.of(1, 2, 0, 0, 3, 4, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)],
  ]);
});

test("every type gets an axis in front; shorter waveforms are filled up", () => {
  const stacked = stackFeeds([
    {
      waveform: hostTensor("float32", Float32Array.of(1, 2), [2, 1]),
      partner: hostTensor("float32", Float32Array.of(1, 2, 3, 4), [2, 2]),
      update: hostTensor("bool", Uint8Array.of(0), []),
      learning_rate: hostTensor("float32", Float32Array.of(0.5), []),
    },
    {
      waveform: hostTensor("float32", Float32Array.of(3, 4, 5, 6), [2, 2]),
      partner: hostTensor("float32", Float32Array.of(5, 6), [2, 1]),
      update: hostTensor("bool", Uint8Array.of(1), []),
      learning_rate: hostTensor("float32", Float32Array.of(0.25), []),
    },
  ]);
  expect(Object.entries(stacked).map(([name, tensor]) => [name, ...describeTensor(tensor)])).toStrictEqual([
    ["waveform", "float32", [2, 2, 2], Float32Array.of(1, absentSample, 2, absentSample, 3, 4, 5, 6)],
    ["partner", "float32", [2, 2, 2], Float32Array.of(1, 2, 3, 4, 5, absentSample, 6, absentSample)],
    ["update", "bool", [2], Uint8Array.of(0, 1)],
    ["learning_rate", "float32", [2], Float32Array.of(0.5, 0.25)],
  ]);
});
