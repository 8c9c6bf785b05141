import { afterEach, expect, test, vi } from "vitest";
import { loadMpi, standardHandles } from "../../../runtime/distributed/mpi-library.ts";

afterEach(() => void vi.unstubAllEnvs());

test("the standard's handles are the numbers of its mpi.h", () => {
  // MPI 5.0, appendix A.1: github.com/mpi-forum/mpi-abi-stubs, of ABI version 1.0.
  expect(standardHandles).toStrictEqual({
    world: 0x101n, // MPI_COMM_WORLD
    byte: 0x247n, // MPI_BYTE
    float: 0x210n, // MPI_FLOAT
    sum: 0x21n, // MPI_SUM
    errorsReturn: 0x143n, // MPI_ERRORS_RETURN
    threadFunneled: 1024, // MPI_THREAD_FUNNELED
    inPlace: 1n, // MPI_IN_PLACE
    statusesIgnore: 0n, // MPI_STATUSES_IGNORE
  });
});

test("a library that is not MPI is refused", async () => {
  vi.stubEnv("SPECGRAPH_MPI", "libc.so.6");
  await expect(loadMpi()).rejects.toThrow(
    "the MPI library that SPECGRAPH_MPI names cannot be used: libc.so.6 is neither Open MPI nor of the standard's ABI (libmpi_abi, which MPICH has from version 5)",
  );
});

test("a library that is not there is told as the system tells it", async () => {
  vi.stubEnv("SPECGRAPH_MPI", "/none/libmpi.so");
  await expect(loadMpi()).rejects.toThrow(
    "the MPI library that SPECGRAPH_MPI names cannot be used: /none/libmpi.so: cannot open shared object file: No such file or directory",
  );
});
