import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isOfOpenMpi, prepareProcess, requireAllStarted } from "../../../runtime/distributed/launched.ts";

/** What launchers set for the second of two processes on a machine, as far as it tells of its place. */
const launchers = {
  "Open MPI's mpirun": {
    OMPI_COMM_WORLD_SIZE: "2",
    OMPI_COMM_WORLD_RANK: "1",
    OMPI_COMM_WORLD_LOCAL_RANK: "1",
    PMIX_RANK: "1",
  },
  "Open MPI's mpirun, by Slurm's srun": {
    OMPI_COMM_WORLD_SIZE: "2",
    OMPI_COMM_WORLD_LOCAL_RANK: "1",
    PMIX_RANK: "1",
    SLURM_STEP_NUM_TASKS: "1",
    SLURM_LOCALID: "0",
  },
  prterun: { PMIX_RANK: "1" },
  "MPICH's mpiexec": { PMI_SIZE: "2", PMI_RANK: "1", MPI_LOCALNRANKS: "2", MPI_LOCALRANKID: "1" },
  "MPICH's mpiexec, by Slurm's srun": {
    PMI_SIZE: "2",
    PMI_RANK: "1",
    MPI_LOCALRANKID: "1",
    SLURM_STEP_NUM_TASKS: "1",
    SLURM_LOCALID: "0",
  },
  "MVAPICH's mpirun_rsh": { MV2_COMM_WORLD_SIZE: "2", MV2_COMM_WORLD_LOCAL_RANK: "1" },
  "Flux's run": { PMI_SIZE: "2", PMI_RANK: "1", FLUX_TASK_LOCAL_ID: "1" },
  "srun --mpi=pmi2": { PMI_SIZE: "2", PMI_RANK: "1", SLURM_STEP_NUM_TASKS: "2", SLURM_LOCALID: "1" },
  "srun --mpi=pmix": { PMIX_RANK: "1", SLURM_STEP_NUM_TASKS: "2", SLURM_LOCALID: "1" },
  "srun --mpi=none": { SLURM_STEP_NUM_TASKS: "2", SLURM_LOCALID: "1" },
} as const;

const of = (launcher: keyof typeof launchers): void => {
  for (const [name, value] of Object.entries(launchers[launcher])) vi.stubEnv(name, value);
};
const names = Object.keys(launchers) as (keyof typeof launchers)[];

beforeEach(() => {
  vi.stubEnv("UCX_MEM_EVENTS", undefined);
  for (const variables of Object.values(launchers)) {
    for (const name of Object.keys(variables)) vi.stubEnv(name, undefined);
  }
});

afterEach(() => void vi.unstubAllEnvs());

const refusal = (told: string, launcher: object): string => {
  const slurm = "SLURM_STEP_NUM_TASKS" in launcher ? "srun speaks another protocol than it, or " : "";
  return `libmpi.so (MPI 1) finds 1 of the 2 processes that were started together (${told}): ${slurm}it is not the library of the launcher that started them; name that in SPECGRAPH_MPI, or start them with the launcher of this one`;
};

describe.each(names)("a process that %s started", (launcher) => {
  test("is refused by a library that does not find the other, and not by one that does", () => {
    of(launcher);
    const told = {
      OMPI_COMM_WORLD_SIZE: "OMPI_COMM_WORLD_SIZE is 2",
      MV2_COMM_WORLD_SIZE: "MV2_COMM_WORLD_SIZE is 2",
      PMI_SIZE: "PMI_SIZE is 2",
      SLURM_STEP_NUM_TASKS: "SLURM_STEP_NUM_TASKS is 2",
      PMIX_RANK: "PMIX_RANK is 1",
    };
    const variable = (Object.keys(told) as (keyof typeof told)[]).find((name) => name in launchers[launcher]);
    expect(() => requireAllStarted(1, "libmpi.so (MPI 1)")).toThrow(
      refusal(told[variable ?? "PMIX_RANK"], launchers[launcher]),
    );
    expect(() => requireAllStarted(2, "libmpi.so (MPI 1)")).not.toThrow();
  });

  test("takes the second of the cards", () => {
    of(launcher);
    vi.stubEnv("CUDA_VISIBLE_DEVICES", "5,3,1");
    prepareProcess();
    expect(process.env["CUDA_VISIBLE_DEVICES"]).toBe("3");
    vi.stubEnv("CUDA_VISIBLE_DEVICES", undefined);
    prepareProcess();
    expect(process.env["CUDA_VISIBLE_DEVICES"]).toBe("1");
  });
});

test("a process that no launcher started may be alone, and takes the first card, if it may see any", () => {
  expect(() => requireAllStarted(1, "libmpi.so")).not.toThrow();
  vi.stubEnv("CUDA_VISIBLE_DEVICES", undefined);
  prepareProcess();
  expect(process.env["CUDA_VISIBLE_DEVICES"]).toBe("0");
  vi.stubEnv("CUDA_VISIBLE_DEVICES", "");
  prepareProcess();
  expect(process.env["CUDA_VISIBLE_DEVICES"]).toBe("");
});

test("UCX is to leave the heap alone, unless somebody wants it otherwise", () => {
  vi.stubEnv("CUDA_VISIBLE_DEVICES", "");
  prepareProcess();
  expect(process.env["UCX_MEM_EVENTS"]).toBe("no");
  vi.stubEnv("UCX_MEM_EVENTS", "yes");
  prepareProcess();
  expect(process.env["UCX_MEM_EVENTS"]).toBe("yes");
});

test("Open MPI's library is that of its mpirun, and of what speaks PMIx alone", () => {
  const those = names.filter((launcher) => {
    vi.unstubAllEnvs();
    of(launcher);
    return isOfOpenMpi();
  });
  expect(those).toStrictEqual([
    "Open MPI's mpirun",
    "Open MPI's mpirun, by Slurm's srun",
    "prterun",
    "srun --mpi=pmix",
  ]);
});
