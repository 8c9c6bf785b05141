import type { ImageToTokens } from "../../spec/dsl/layers.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import type { Image } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";

export const imageToTokens: LayerRow<ImageToTokens, Image> = {
  takes: ["image"],
  absent: "apart",
  flow: ({ takes: { channels, frames, bins, along } }) => ({
    kind: "tokens",
    columns: frames,
    width: channels,
    along,
    grid: { rows: bins, columns: frames },
    order: [patchesToken],
  }),
  lower: ({ takes: { channels, frames, bins }, b, x }) => {
    const [batch = "batch"] = x.type.shape;
    return b.reshape(b.transpose(x, { perm: [0, 3, 2, 1] }), { shape: [batch, bins * frames, channels] });
  },
};
