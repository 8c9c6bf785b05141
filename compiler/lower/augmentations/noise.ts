import type { Noise } from "../../../spec/dsl/augmentation.ts";
import type { AugmentationRow } from "./augmentation.ts";

export const noise: AugmentationRow<Noise> = {
  on: "features",
  settle: (written) => written,
  words: () => "noise",
  lower: (b, { signal, ...rest }) => {
    const { shape } = signal.type;
    const [batch = "batch"] = shape;
    const values = b.draw("noise", { dtype: "float32", shape }, { kind: "uniform", from: 0, to: 1 });
    const level = b.draw("noise_level", { dtype: "float32", shape: [batch] }, { kind: "uniform", from: 0, to: 0.1 });
    return { ...rest, signal: b.add(signal, b.mul(values, b.reshape(level, { shape: [batch, 1, 1] }))) };
  },
};
