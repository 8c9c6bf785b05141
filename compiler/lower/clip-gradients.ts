import type { Builder } from "../ops/builder.ts";
import { globalSquaredNorm } from "./global-squared-norm.ts";
import type { Gradients } from "./optimizers/update.ts";

/** Scales gradients so that their norm, of all together, is at most `largest` (`torch.nn.utils.clip_grad_norm_`). */
export const clipGradients = (b: Builder, gradients: Gradients, largest: number): Gradients =>
  b.from({ path: "clip_norm", role: "optimizer" }, () => {
    const norm = b.sqrt(globalSquaredNorm(b, [...gradients.values()]));
    const factor = b.div(b.scalar(largest), b.add(norm, b.scalar(1e-6)));
    const atMostOne = b.where(b.less(factor, b.scalar(1)), factor, b.scalar(1));
    return new Map([...gradients].map(([name, gradient]) => [name, b.mul(gradient, atMostOne)]));
  });
