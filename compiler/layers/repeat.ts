import type { Repeat } from "../../spec/dsl/layers.ts";
import { checkNumbers, numberRules } from "../diagnostics/report.ts";
import type { UnrolledRow } from "./layer.ts";

const count = "a whole number of at least 1";

export const repeat: UnrolledRow<Repeat> = {
  name: () => "blocks",
  check: (layer, report) => {
    checkNumbers(report, layer, { times: count });
  },
  // The block of a wrong count is still checked, once.
  unroll: ({ times, block }) => Array.from({ length: numberRules[count](times) ? times : 1 }, () => block),
};
