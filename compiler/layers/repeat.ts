import type { Repeat } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import type { UnrolledRow } from "./layer.ts";

export const repeat: UnrolledRow<Repeat> = {
  name: () => "blocks",
  check: (layer, report) => {
    checkNumbers(report, layer, { times: "a whole number from 1 to 1024" });
  },
  unroll: ({ blocks }) => blocks,
};
