/**
 * What launchers tell a process of its place, before it has joined the others: Open MPI's mpirun, Hydra (MPICH's and Intel MPI's
 * mpiexec) and what else speaks PMI, MVAPICH's mpirun_rsh, Slurm's srun, and those that speak PMIx alone.
 */
import { availableParallelism, cpus } from "node:os";
import { UserError } from "../user-error.ts";

const numberOf = (name: string): number | undefined => {
  const value = process.env[name];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
};

/** Whether Open MPI's mpirun started this process, or what speaks PMIx alone, as that does. */
export const isOfOpenMpi = (): boolean =>
  numberOf("OMPI_COMM_WORLD_SIZE") !== undefined ||
  (numberOf("PMIX_RANK") !== undefined && numberOf("PMI_RANK") === undefined);

/** How many processes were started with this one, at least, and what tells so. */
const startedTogether = (): { readonly count: number; readonly told: string } | undefined => {
  // mpirun and Hydra may start theirs by Slurm.
  for (const name of ["OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"]) {
    const count = numberOf(name);
    if (count !== undefined) return { count, told: `${name} is ${count}` };
  }
  const rank = numberOf("PMIX_RANK");
  return rank === undefined ? undefined : { count: rank + 1, told: `PMIX_RANK is ${rank}` };
};

/**
 * Looks whether MPI has found all processes that were started with this one. A library that is not their launcher's finds none, and
 * each would train by itself, into the same folder.
 * @param size how many it has found
 * @param library its name, as people are told of it
 * @throws UserError where it has not
 */
export const requireAllStarted = (size: number, library: string): void => {
  const started = startedTogether();
  if (started === undefined || size >= started.count) return;
  const other =
    numberOf("SLURM_STEP_NUM_TASKS") === undefined
      ? "it is not the library of the launcher that started them"
      : "srun speaks another protocol than it, or it is not the library of the launcher that started them";
  throw new UserError(
    "ranks-apart",
    { library, size, started: started.count },
    `${library} finds ${size} of the ${started.count} processes that were started together (${started.told}): ${other}; name that in SPECGRAPH_MPI, or start them with the launcher of this one`,
  );
};

/** This process's number among the ranks of its machine; of prterun, which does not tell it, its number among all. */
const localRank = (): number =>
  [
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "MV2_COMM_WORLD_LOCAL_RANK",
    "MPI_LOCALRANKID",
    "PALS_LOCAL_RANKID",
    "FLUX_TASK_LOCAL_ID",
    "SLURM_LOCALID",
    "PMIX_RANK",
  ]
    .map(numberOf)
    .find((rank) => rank !== undefined) ?? 0;

/**
 * The threads that a rank computes with: the cores that it is bound to, or its share of them all.
 * @param ranksHere how many ranks its machine has
 */
export const threadsPerRank = (ranksHere: number): number =>
  Math.max(1, Math.min(availableParallelism(), Math.floor(cpus().length / ranksHere)));

/** Leaves a rank one of the cards that its machine lets it see. */
const takeOwnCard = (): void => {
  const visible = process.env["CUDA_VISIBLE_DEVICES"]?.split(",").filter((card) => card.trim() !== "");
  if (visible?.length === 0) return;
  const own = visible ? visible[localRank() % visible.length] : String(localRank());
  process.env["CUDA_VISIBLE_DEVICES"] = own;
};

/** Sets what CUDA and MPI read of the environment. To be called before these are loaded, and in the main thread: others have copies. */
export const prepareProcess = (): void => {
  takeOwnCard();
  // UCX (1.23.0rc1), which MPICH and Open MPI use, moves the end of the heap up and back while it is loaded, to see whether it would
  // notice: what another thread's malloc has got there meanwhile is gone, and about one process in a hundred crashes.
  process.env["UCX_MEM_EVENTS"] ??= "no";
};
