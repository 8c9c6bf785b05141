/**
 * MPI as C has it, called through koffi. Where its handles come from depends on the library: Open MPI's own has them as addresses
 * of its variables; the standard's ABI, version 1 (MPI 5.0, chapter 20, "Application Binary Interface"), as numbers.
 */
import { isOfOpenMpi } from "./launched.ts";
import { UserError } from "../user-error.ts";

/** Handles are as wide as pointers in both. */
type Handle = bigint;

interface Handles {
  readonly world: Handle;
  readonly byte: Handle;
  readonly float: Handle;
  readonly sum: Handle;
  readonly errorsReturn: Handle;
  /** The thread level of a process with several threads, of which the one that has begun MPI calls it. */
  readonly threadFunneled: number;
  /** MPI_IN_PLACE, of the buffer that is given in place of another. */
  readonly inPlace: Handle;
  /** MPI_STATUSES_IGNORE, of results that nobody asks for. */
  readonly statusesIgnore: Handle;
}

/** The numbers of the standard's mpi.h. */
export const standardHandles: Handles = {
  world: 0x101n,
  byte: 0x247n,
  float: 0x210n,
  sum: 0x21n,
  errorsReturn: 0x143n,
  threadFunneled: 1024,
  inPlace: 1n,
  statusesIgnore: 0n,
};

/** Open MPI's own, from version 3 to 6. */
const openMpi = ["libmpi.so.40", "libmpi.40.dylib"];
/** Of the standard's ABI; Debian has MPICH's and Open MPI's of this name, and where both are installed it is one of them. */
const standard = ["libmpi_abi.so.1", "libmpi_abi.so", "libmpi_abi.1.dylib", "libmpi_abi.dylib", "mpi_abi.dll"];
/** MPICH's, by the file's name in Debian. */
const standardOfMpich = ["libmpi_abi_mpich.so.1.0.0"];

/** What is to be tried, in order; the library of the launcher that started this process first, as far as its variables tell. */
const candidates = (): readonly string[] => {
  const own = process.env["SPECGRAPH_MPI"];
  if (own) return [own];
  return isOfOpenMpi() ? [...openMpi, ...standard] : [...standardOfMpich, ...standard, ...openMpi];
};

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

/** An operation that is under way. */
export type MpiRequest = bigint;

/** What of MPI is called, with the library's own handles. Memory that is given to an operation must stay until that is done. */
export interface Mpi {
  /** Its file, and what it says that it is. */
  readonly name: string;
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
  /**
   * Whether all of them are done, and not to be asked about again. MPI moves little unasked: it does so here.
   */
  readonly areDone: (requests: readonly MpiRequest[]) => boolean;
  /** Lets others have the processor. */
  readonly yieldProcessor: () => void;
}

type Library = ReturnType<Koffi["load"]>;

const longestText = 8192;
const textOf = (bytes: Uint8Array, length = 0): string =>
  new TextDecoder().decode(bytes.subarray(0, length)).replaceAll("\0", "");

const found = <Value>(find: () => Value): Value | undefined => {
  try {
    return find();
  } catch {
    return undefined;
  }
};

/** Asked of the library: MPICH and Open MPI export the question from those of their own ABI, too, which answer -1. */
const standardVersion = (library: Library): number => {
  const ask = found(() => library.func("int MPI_Abi_get_version(void*, void*)"));
  const [major, minor] = [new Int32Array(1), new Int32Array(1)];
  return ask?.(major, minor) === 0 ? (major[0] ?? -1) : -1;
};

/** To be asked after the standard's version: where Open MPI has that, these variables are there, too. */
const openMpiHandles = (koffi: Koffi, library: Library): Handles => {
  const address = (name: string): Handle => koffi.address(library.symbol(name));
  return {
    world: address("ompi_mpi_comm_world"),
    byte: address("ompi_mpi_byte"),
    float: address("ompi_mpi_float"),
    sum: address("ompi_mpi_op_sum"),
    errorsReturn: address("ompi_mpi_errors_return"),
    threadFunneled: 1,
    inPlace: 1n,
    statusesIgnore: 0n,
  };
};

/** With what it says that it is, "Open MPI v4.1.4" or "MPICH Version: 5.0.2". */
const nameOf = (file: string, library: Library): string => {
  const describe = found(() => library.func("int MPI_Get_library_version(void*, void*)"));
  const [text, length] = [new Uint8Array(longestText), new Int32Array(1)];
  if (describe?.(text, length) !== 0) return file;
  const [version = ""] = textOf(text, length[0]).split(/[,\n]/);
  return `${file} (${version.replaceAll(/\s+/g, " ").trim()})`;
};

/**
 * Koffi unloads a library as the thread ends that has loaded it. Open MPI (6.0.0rc2) has munmap lead into its own by then, and the
 * process crashes: it is opened once more, for good.
 */
const keepLoaded = (koffi: Koffi, file: string): void => {
  const lazily = 1;
  if (process.platform !== "win32") koffi.load(null).func("void* dlopen(const char*, int)")(file, lazily);
};

/** @throws UserError where there is no library that it knows */
export const loadMpi = async (): Promise<Mpi> => {
  const koffi = await loadKoffi();
  const files = candidates();
  let reason = "";
  for (const file of files) {
    let library;
    try {
      library = koffi.load(file);
      keepLoaded(koffi, file);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      reason = `${file}: ${message.replace("Failed to load shared library: ", "")}`;
      continue;
    }
    const name = nameOf(file, library);
    const handles = standardVersion(library) === 1 ? standardHandles : found(() => openMpiHandles(koffi, library));
    // Open MPI's own modules look for its symbols among those of the process.
    if (handles) return bind(koffi, koffi.load(file, { global: true }), name, handles);
    reason = `${name} is neither Open MPI nor of the standard's ABI (libmpi_abi, which MPICH has from version 5)`;
  }
  const sentence = process.env["SPECGRAPH_MPI"]
    ? `the MPI library that SPECGRAPH_MPI names cannot be used: ${reason}`
    : `no MPI library is found (${files.join(", ")}); install Open MPI (Debian: openmpi-bin) or MPICH from version 5, or name the library in SPECGRAPH_MPI`;
  throw new UserError("mpi-missing", { libraries: files }, sentence);
};

const bind = (koffi: Koffi, library: Library, name: string, handles: Handles): Mpi => {
  const int = new Int32Array(1);
  const handle = new BigUint64Array(1);
  const describe = library.func("int MPI_Error_string(int, void*, void*)");
  const explain = (code: number): string => {
    const text = new Uint8Array(longestText);
    describe(code, text, int);
    return textOf(text, int[0]);
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
  const { byte, float, sum } = handles;
  return {
    name,
    world: handles.world,
    init: () => {
      initialized(int);
      if (int[0] !== 0)
        throw new UserError(
          "mpi-used-up",
          {},
          "this process has trained on MPI before, which is begun once in a process; start another",
        );
      initThread(0n, 0n, handles.threadFunneled, int);
      if ((int[0] ?? 0) < handles.threadFunneled)
        throw new UserError(
          "mpi-missing",
          { libraries: [name] },
          `${name} was built for processes of one thread (without MPI_THREAD_FUNNELED)`,
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
    beginSum: (comm, values) => allReduce(handles.inPlace, values, values.length, float, sum, comm),
    areDone: (requests) => {
      testAll(requests.length, BigUint64Array.from(requests), int, handles.statusesIgnore);
      return int[0] !== 0;
    },
    yieldProcessor: () => void schedYield?.(),
  };
};
