import { loadMpi, standardHandles } from "../../../runtime/distributed/mpi-library.ts";

/** The MPI library of the standard's ABI that is here, or named in SPECGRAPH_MPI; undefined where there is none. */
export const standardMpi = await loadMpi().then(
  ({ name, world }) => (world === standardHandles.world ? name.replace(/ \(.*/s, "") : undefined),
  () => undefined,
);
