/** What launchers tell a process of its place, before it has joined the others: Open MPI's mpirun, Slurm's srun, and Hydra. */
import { availableParallelism, cpus } from "node:os";

const numberOf = (names: readonly string[]): number | undefined => {
  const value = names.map((name) => process.env[name]).find((value) => value !== undefined && /^\d+$/.test(value));
  return value === undefined ? undefined : Number(value);
};

/** This process's number among the ranks of its machine. */
const localRank = (): number => numberOf(["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"]) ?? 0;

/** How many ranks its machine has. */
export const localRanks = (): number =>
  numberOf(["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"]) ?? 1;

/** The threads that a rank computes with: the cores that it is bound to, or its share of them all. */
export const threadsPerRank = (): number =>
  Math.max(1, Math.min(availableParallelism(), Math.floor(cpus().length / localRanks())));

/** Leaves a rank one of the cards that its machine lets it see. To be called in the main thread, before CUDA is loaded. */
export const takeOwnCard = (): void => {
  const visible = process.env["CUDA_VISIBLE_DEVICES"]?.split(",").filter((card) => card.trim() !== "");
  if (visible?.length === 0) return;
  const own = visible ? visible[localRank() % visible.length] : String(localRank());
  process.env["CUDA_VISIBLE_DEVICES"] = own;
};
