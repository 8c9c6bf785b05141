/**
 * MPI as C has it, called through koffi. Where its handles come from depends on the library: Open MPI before 6 has them as addresses
 * of its variables; the standard's own ABI (MPI 5.0, chapter 20) as numbers.
 */
import { UserError } from "../user-error.ts";

/** Handles are as wide as pointers in both. */
type Handle = bigint;

interface Handles {
  readonly world: Handle;
  readonly byte: Handle;
  readonly float: Handle;
  readonly sum: Handle;
  readonly errorsReturn: Handle;
  /** The thread level at which any thread may call. */
  readonly threadMultiple: number;
}

/** Of the buffer that is given, in place of another; the same in both. */
const inPlace = 1n;
/** Of results that nobody asks for; the same in both. */
const ignored = 0n;

const standardHandles: Handles = {
  world: 0x101n,
  byte: 0x247n,
  float: 0x210n,
  sum: 0x21n,
  errorsReturn: 0x143n,
  threadMultiple: 4096,
};

/** A name of the shared library, and whether it has the standard's ABI. */
interface LibraryName {
  readonly file: string;
  readonly isStandard: boolean;
}

const openMpi: readonly LibraryName[] = ["libmpi.so.40", "libmpi.40.dylib", "libmpi.so"].map((file) => ({
  file,
  isStandard: false,
}));
const standard: readonly LibraryName[] = [
  "libmpi_abi.so.0",
  "libmpi_abi.so.1",
  "libmpi_abi.so",
  "libmpi_abi.dylib",
  "mpi_abi.dll",
].map((file) => ({
  file,
  isStandard: true,
}));

type Koffi = typeof import("koffi").default;

const loadKoffi = async (): Promise<Koffi> => {
  try {
    return (await import("koffi")).default;
  } catch {
    throw new UserError(
      "mpi-missing",
      { package: "koffi" },
      "the npm package koffi, which calls MPI, is not installed; run: npm install koffi@3",
    );
  }
};

/** The library of whoever started this process, as far as its variables tell, is tried first. */
const candidates = (): readonly LibraryName[] => {
  const own = process.env["SPECGRAPH_MPI"];
  if (own) return [{ file: own, isStandard: own.includes("mpi_abi") }];
  return process.env["OMPI_COMM_WORLD_SIZE"] === undefined ? [...standard, ...openMpi] : [...openMpi, ...standard];
};

/** An operation that is under way. */
export type MpiRequest = bigint;

/** What of MPI is called, with the library's own handles. Memory that is given to an operation must stay until that is done. */
export interface Mpi {
  readonly file: string;
  /** @throws UserError where it has been begun before, or lets no other thread call */
  readonly init: () => void;
  readonly finalize: () => void;
  readonly world: Handle;
  readonly rankIn: (comm: Handle) => number;
  readonly sizeOf: (comm: Handle) => number;
  /** The same ranks, apart from what else they send to one another. Called by all. */
  readonly duplicate: (comm: Handle) => Handle;
  readonly beginAllGather: (comm: Handle, own: Uint8Array, all: Uint8Array) => MpiRequest;
  readonly beginBroadcast: (comm: Handle, bytes: Uint8Array, from: number) => MpiRequest;
  /** In place. */
  readonly beginSum: (comm: Handle, values: Float32Array) => MpiRequest;
  readonly beginSend: (comm: Handle, bytes: Uint8Array, to: number) => MpiRequest;
  readonly beginReceive: (comm: Handle, bytes: Uint8Array, from: number) => MpiRequest;
  /**
   * Whether all of them are done, and not to be asked about again. MPI moves little unasked: it does so here.
   */
  readonly areDone: (requests: readonly MpiRequest[]) => boolean;
  /** Lets others have the processor. */
  readonly yieldProcessor: () => void;
}

/** @throws UserError where there is no library that it knows */
export const loadMpi = async (): Promise<Mpi> => {
  const koffi = await loadKoffi();
  const tried: string[] = [];
  for (const { file, isStandard } of candidates()) {
    let library;
    try {
      // Open MPI's own modules look for its symbols among those of the process.
      library = koffi.load(file, { global: true });
    } catch {
      tried.push(file);
      continue;
    }
    return bind(koffi, library, file, isStandard);
  }
  throw new UserError(
    "mpi-missing",
    { libraries: tried },
    `no MPI library is found (${tried.join(", ")}); install Open MPI (Debian: openmpi-bin libopenmpi3), or name the library in SPECGRAPH_MPI`,
  );
};

type Library = ReturnType<Koffi["load"]>;

const openMpiHandles = (koffi: Koffi, library: Library, file: string): Handles => {
  const address = (name: string): Handle => {
    try {
      return koffi.address(library.symbol(name));
    } catch {
      throw new UserError(
        "mpi-missing",
        { libraries: [file] },
        `${file} is neither Open MPI before version 6 nor of the standard's ABI (libmpi_abi); name such a library in SPECGRAPH_MPI`,
      );
    }
  };
  return {
    world: address("ompi_mpi_comm_world"),
    byte: address("ompi_mpi_byte"),
    float: address("ompi_mpi_float"),
    sum: address("ompi_mpi_op_sum"),
    errorsReturn: address("ompi_mpi_errors_return"),
    threadMultiple: 3,
  };
};

const bind = (koffi: Koffi, library: Library, file: string, isStandard: boolean): Mpi => {
  const handles = isStandard ? standardHandles : openMpiHandles(koffi, library, file);
  const int = new Int32Array(1);
  const handle = new BigUint64Array(1);
  const describe = library.func("int MPI_Error_string(int, void*, void*)");
  const explain = (code: number): string => {
    const text = new Uint8Array(1024);
    describe(code, text, int);
    return new TextDecoder().decode(text.subarray(0, int[0]));
  };
  /** @returns a function that throws what MPI says of its failure */
  const call = (name: string, parameters: string) => {
    const native = library.func(`int ${name}(${parameters})`);
    return (...values: readonly unknown[]): void => {
      const code = native(...values) as number;
      if (code !== 0)
        throw new UserError(
          "mpi-fails",
          { call: name, reason: explain(code) },
          `MPI fails in ${name}: ${explain(code)}`,
        );
    };
  };
  const initialized = call("MPI_Initialized", "void*");
  const initThread = call("MPI_Init_thread", "void*, void*, int, void*");
  const setErrorHandler = call("MPI_Comm_set_errhandler", "uintptr_t, uintptr_t");
  const finalize = call("MPI_Finalize", "");
  const commRank = call("MPI_Comm_rank", "uintptr_t, void*");
  const commSize = call("MPI_Comm_size", "uintptr_t, void*");
  const commDup = call("MPI_Comm_dup", "uintptr_t, void*");
  const testAll = call("MPI_Testall", "int, void*, void*, uintptr_t");
  const schedYield = process.platform === "win32" ? undefined : koffi.load(null).func("int sched_yield()");
  /** @returns a function that begins an operation, whose last parameter is where its request is written */
  const operation = (name: string, parameters: string) => {
    const begin = call(name, `${parameters}, void*`);
    return (...values: readonly unknown[]): MpiRequest => {
      begin(...values, handle);
      return handle[0] ?? 0n;
    };
  };
  const allGather = operation("MPI_Iallgather", "void*, int, uintptr_t, void*, int, uintptr_t, uintptr_t");
  const broadcast = operation("MPI_Ibcast", "void*, int, uintptr_t, int, uintptr_t");
  const allReduce = operation("MPI_Iallreduce", "uintptr_t, void*, int, uintptr_t, uintptr_t, uintptr_t");
  const send = operation("MPI_Isend", "void*, int, uintptr_t, int, int, uintptr_t");
  const receive = operation("MPI_Irecv", "void*, int, uintptr_t, int, int, uintptr_t");
  const { byte, float, sum } = handles;
  return {
    file,
    world: handles.world,
    init: () => {
      initialized(int);
      if (int[0] !== 0)
        throw new UserError(
          "mpi-used-up",
          {},
          "this process has trained on MPI before, which is begun once in a process; start another",
        );
      initThread(0n, 0n, handles.threadMultiple, int);
      if ((int[0] ?? 0) < handles.threadMultiple)
        throw new UserError(
          "mpi-missing",
          { libraries: [file] },
          `${file} was built without support for several threads (MPI_THREAD_MULTIPLE)`,
        );
      setErrorHandler(handles.world, handles.errorsReturn);
    },
    finalize: () => finalize(),
    rankIn: (comm) => {
      commRank(comm, int);
      return int[0] ?? 0;
    },
    sizeOf: (comm) => {
      commSize(comm, int);
      return int[0] ?? 0;
    },
    duplicate: (comm) => {
      commDup(comm, handle);
      const duplicate = handle[0] ?? 0n;
      setErrorHandler(duplicate, handles.errorsReturn);
      return duplicate;
    },
    beginAllGather: (comm, own, all) => allGather(own, own.byteLength, byte, all, own.byteLength, byte, comm),
    beginBroadcast: (comm, bytes, from) => broadcast(bytes, bytes.byteLength, byte, from, comm),
    beginSum: (comm, values) => allReduce(inPlace, values, values.length, float, sum, comm),
    beginSend: (comm, bytes, to) => send(bytes, bytes.byteLength, byte, to, 0, comm),
    beginReceive: (comm, bytes, from) => receive(bytes, bytes.byteLength, byte, from, 0, comm),
    areDone: (requests) => {
      testAll(requests.length, BigUint64Array.from(requests), int, ignored);
      return int[0] !== 0;
    },
    yieldProcessor: () => void schedYield?.(),
  };
};
