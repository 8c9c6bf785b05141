/**
 * Measures cases beside their strongest peer, in turns and in processes of their own: `npm run bench -- --help`.
 * A peer is measured where PEER_PYTHON names a Python that has it. Figures of two runs on a shared machine cannot be compared; ratios
 * of one run can: of the fastest turns, above 1 where ours is better.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bytesAsText, parseBytes } from "../../compiler/artifact/parse-bytes.ts";
import { deviceNames } from "../../runtime/engine/device.ts";
import { type Case, cases } from "./cases.ts";
import type { Measured } from "./measure.ts";
import { readProfile } from "./profiling-engine.ts";

const usage = `Usage: npm run bench -- [options]

Measures cases beside their strongest peer, in turns and in processes of their own.

  --case NAME     a case to measure, as often as there are some (default: all)
  --list          list the cases
  --rounds N      turns of each (default: 3)
  --device NAME   ${deviceNames.join(", ")} (default: cpu)
  --memory SIZE   what training may take: a size such as "4 GB", usual or least (default: usual)
  --profile NAME  tell what of a case takes the time, in one turn of ours
  --json          print a JSON object a case
  --help          print this

PEER_PYTHON names a Python that has the peers: torch, transformers, torchaudio.`;

/** What is wrong, in a line. */
const fail = (message: string, code: 1 | 2 = 2): never => {
  console.error(message);
  process.exit(code);
};

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        case: { type: "string", multiple: true, default: [] },
        rounds: { type: "string", default: "3" },
        device: { type: "string", default: "cpu" },
        memory: { type: "string", default: "usual" },
        profile: { type: "string" },
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    const [reason = ""] = error instanceof Error ? error.message.split(". ") : [];
    return fail(`${reason}; see npm run bench -- --help`);
  }
};

const values = readArguments();
if (!/^[1-9]\d*$/.test(values.rounds)) fail(`--rounds is a whole number of 1 or more, not ${values.rounds}`);
if (!deviceNames.some((name) => name === values.device))
  fail(`--device is ${deviceNames.join(", ")}, not ${values.device}`);
if (!["usual", "least"].includes(values.memory) && parseBytes(values.memory) === undefined)
  fail(`--memory is usual, least or ${bytesAsText}, not ${values.memory}`);

interface Summary {
  readonly medianMs: number;
  readonly minMs: number;
  /** The farthest turn from the median, as a share of it. */
  readonly spread: number;
  readonly peakMb: number;
  readonly predictedMb?: number;
  readonly busy?: number;
  /** From start to answer, as many times what the network's first run takes. */
  readonly firstRuns?: number;
  readonly ofSpeedAlone?: number;
}

interface Peer extends Summary {
  readonly name: string;
}

const peers: ReadonlySet<Case["kind"]> = new Set(["train", "infer", "features"]);
const python = process.env["PEER_PYTHON"];

const run = (program: string, ...args: readonly string[]): string | undefined => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status === 0) return stdout;
  console.error(`${program}: ${stderr.trim().split("\n").at(-1)}`);
  return undefined;
};

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const measureOurs = ({ name }: Case, ...profiles: readonly string[]): Measured => {
  const printed = run(process.execPath, pathOf("measure.js"), name, values.device, values.memory, ...profiles);
  if (printed === undefined) return fail(`${name} cannot be measured`, 1);
  return JSON.parse(printed) as Measured;
};

const measurePeer = (each: Case): (Measured & Pick<Peer, "name">) | undefined => {
  if (python === undefined || !peers.has(each.kind)) return undefined;
  const script = pathOf("../../../test/bench/peer.py");
  const printed = run(python, script, JSON.stringify({ ...each, threads: availableParallelism() }));
  return printed === undefined ? undefined : (JSON.parse(printed) as Measured & Pick<Peer, "name">);
};

const summarize = (rounds: readonly Measured[]): Summary => {
  const turns = rounds.flatMap(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  const [minMs = Number.NaN] = turns;
  const medianMs = turns[Math.floor(turns.length / 2)] ?? Number.NaN;
  const spread = Math.max(...turns.map((each) => Math.abs(each - medianMs))) / medianMs;
  const most = (figure: "predictedMb" | "busy" | "ofSpeedAlone") => {
    const found = rounds.flatMap((round) => round[figure] ?? []);
    return found.length > 0 ? { [figure]: Math.max(...found) } : {};
  };
  const peakMb = Math.min(...rounds.map((round) => round.peakMb));
  const firstRunMs = rounds.flatMap((round) => round.firstRunMs ?? []);
  return {
    medianMs,
    minMs,
    spread,
    peakMb,
    ...most("predictedMb"),
    ...most("busy"),
    ...most("ofSpeedAlone"),
    ...(firstRunMs.length > 0 ? { firstRuns: minMs / Math.min(...firstRunMs) } : {}),
  };
};

const measure = (each: Case) => {
  const ours: Measured[] = [];
  const theirs: (Measured & Pick<Peer, "name">)[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(measureOurs(each));
    theirs.push(...[measurePeer(each)].filter((measured) => measured !== undefined));
  }
  const summary = summarize(ours);
  const [first] = theirs;
  const peer: Peer | null = first ? { name: first.name, ...summarize(theirs) } : null;
  return {
    case: each.name,
    ours: summary,
    peer,
    speedRatio: peer && peer.minMs / summary.minMs,
    memoryRatio: peer && peer.peakMb / summary.peakMb,
  };
};

const formatRatio = (ratio: number | null): string => (ratio === null ? "-" : `${ratio.toFixed(2)}x`);
const row = (...cells: readonly string[]): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(20) : cell.padStart(12))).join(" ");

/** At most so many lines of a profile. */
const mostLines = 12;

const profile = (each: Case): void => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-profile-"));
  try {
    measureOurs(each, folder);
    for (const [what, shares] of Object.entries(readProfile(folder))) {
      console.log(what);
      for (const [name, share] of shares.slice(0, mostLines))
        console.log(`  ${name.padEnd(48)} ${(100 * share).toFixed(1).padStart(5)} %`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const named = values.profile === undefined ? values.case : [values.profile];
const chosen = named.length === 0 ? cases : cases.filter(({ name }) => named.includes(name));
const unknown = named.filter((name) => !cases.some((each) => each.name === name));
if (values.help || values.list) {
  console.log(values.help ? usage : cases.map(({ name }) => name).join("\n"));
  process.exit(0);
}
if (unknown.length > 0)
  fail(`no case is called ${unknown.join(", ")}; there are ${cases.map(({ name }) => name).join(", ")}`);
if (values.profile !== undefined) {
  chosen.forEach(profile);
  process.exit(0);
}
if (python === undefined) console.error("PEER_PYTHON is not set: no peer is measured");
if (!values.json)
  console.log(
    row("case", "median ms", "fastest ms", "spread", "peak MB", "predicted", "peer ms", "peer MB", "speed", "memory"),
  );
for (const each of chosen) {
  const result = measure(each);
  if (values.json) {
    console.log(JSON.stringify(result));
    continue;
  }
  const { ours, peer, speedRatio, memoryRatio } = result;
  const percent = (share: number | undefined, what: string): string =>
    share === undefined ? "" : `  ${(100 * share).toFixed(1)} % ${what}`;
  const cells = [
    each.name,
    ours.medianMs.toFixed(1),
    ours.minMs.toFixed(1),
    `${(100 * ours.spread).toFixed(0)} %`,
    ours.peakMb.toFixed(0),
    ours.predictedMb?.toFixed(0) ?? "-",
    peer?.minMs.toFixed(1) ?? "-",
    peer?.peakMb.toFixed(0) ?? "-",
    formatRatio(speedRatio),
    formatRatio(memoryRatio),
  ];
  const firstRuns = ours.firstRuns === undefined ? "" : `  ${ours.firstRuns.toFixed(2)}x its first run`;
  console.log(
    row(...cells) + percent(ours.busy, "busy") + percent(ours.ofSpeedAlone, "of the speed alone") + firstRuns,
  );
}
