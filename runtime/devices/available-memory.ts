/** How much memory is left to this process. */
import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { dirname, join } from "node:path";

const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** Of lines `name value`, or `name: value kB`. */
const valueIn = (text: string, name: string): number | undefined => {
  const [, value, unit] = new RegExp(`^${name}:?\\s+(\\d+)( kB)?$`, "m").exec(text) ?? [];
  return value === undefined ? undefined : Number(value) * (unit === undefined ? 1 : 1024);
};

/** Cached files are given back before a process is killed; memory that holds no file is not. */
const cgroupFiles = [
  {
    root: "/sys/fs/cgroup",
    controllers: "",
    limit: "memory.max",
    usage: "memory.current",
    cached: ["inactive_file", "active_file"],
  },
  {
    root: "/sys/fs/cgroup/memory",
    controllers: "memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cached: ["total_inactive_file", "total_active_file"],
  },
] as const;

/** The folder and those that it is in. */
const withParents = (path: string): readonly string[] => (path === "/" ? ["/"] : [path, ...withParents(dirname(path))]);

/** What control groups leave: https://docs.kernel.org/admin-guide/cgroup-v2.html, and -v1/memory.html. */
const leftByCgroups = (): readonly number[] => {
  const groups = readText("/proc/self/cgroup").split("\n");
  return cgroupFiles.flatMap(({ root, controllers, limit, usage, cached }) => {
    const own = groups.map((line) => line.split(":")).find(([, names]) => names?.split(",").includes(controllers));
    const path = own?.slice(2).join(":") ?? "/";
    return withParents(path.startsWith("/") ? path : "/").flatMap((group) => {
      const read = (file: string): string => readText(join(root, group, file)).trim();
      const [most, used] = [read(limit), read(usage)];
      if (!/^\d+$/.test(most) || !/^\d+$/.test(used)) return [];
      const stat = read("memory.stat");
      const files = cached.reduce((bytes, name) => bytes + (valueIn(stat, name) ?? 0), 0);
      return [Math.max(Number(most) - Number(used) + files, 0)];
    });
  });
};

/** What the machine leaves, swap included. */
const leftByMachine = (): number => {
  const facts = readText("/proc/meminfo");
  const available = valueIn(facts, "MemAvailable");
  if (available !== undefined) return available + (valueIn(facts, "SwapFree") ?? 0);
  // macOS keeps next to nothing free, and gives back what it caches.
  return process.platform === "darwin" ? totalmem() : freemem();
};

/** Bytes that this process may take more before it, or another, is killed. */
export const availableMemory = (): number => Math.min(leftByMachine(), ...leftByCgroups());
