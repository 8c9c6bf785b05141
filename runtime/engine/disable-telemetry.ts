/**
 * onnxruntime-node 1.30 has telemetry: each session writes its graph's name and metadata, class names among them, to a database
 * in the user's cache folder and looks up a host of Microsoft's; a command line of more than 25 kB overflows that code's stack.
 * The library asks for this variable once, when it is loaded.
 */
import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";

const variable = "ORT_DISABLE_TELEMETRY";

/** Of Bun's `bun:ffi`, what is needed. */
interface ForeignFunctions {
  readonly dlopen: (
    library: string,
    symbols: Readonly<Record<"setenv", { readonly args: readonly string[]; readonly returns: string }>>,
  ) => { readonly symbols: { readonly setenv: (name: Buffer, value: Buffer, overwrite: number) => number } };
}

/** Bun (1.4, on systems other than Windows) keeps what is assigned to `process.env` from native code: oven-sh/bun#42891. */
const setBelowBun = (value: string): void => {
  const { dlopen } = createRequire(import.meta.url)("bun:ffi") as ForeignFunctions;
  const libc = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
  const { setenv } = dlopen(libc, { setenv: { args: ["cstring", "cstring", "int"], returns: "int" } }).symbols;
  const [name, text] = [variable, value].map((string) => Buffer.from(`${string}\0`));
  if (name && text) setenv(name, text, 1);
};

// A worker's environment is a copy that native code does not see: there the main thread's must have been set before.
if (!isMainThread && process.env[variable] !== "1") {
  throw new Error(`${variable}=1 is not set: load the runtime in the main thread before a worker starts`);
}
process.env[variable] = "1";
if (isMainThread && process.versions["bun"] !== undefined && process.platform !== "win32") setBelowBun("1");
