import { loadMpi, standardHandles } from "../../../runtime/distributed/mpi-library.ts";

// As in a training (`launched.ts`).
process.env["UCX_MEM_EVENTS"] ??= "no";

/** The MPI library of the standard's ABI that is here, or named in SPECGRAPH_MPI; undefined where there is none. */
export const standardMpi = await loadMpi().then(
  ({ name, world }) => (world === standardHandles.world ? name.replace(/ \(.*/s, "") : undefined),
  () => undefined,
);
