import { plural } from "../../compiler/artifact/plural.ts";
import { silentSeconds } from "../distributed/heartbeat.ts";
import { threadsPerRank } from "../distributed/launched.ts";
import { joinMpi } from "../distributed/mpi.ts";
import { joinRanks, ranksBeside } from "../distributed/ranks.ts";
import { withThreads } from "../engine/engine.ts";
import { nodeEngine } from "../engine/node.ts";
import type { FailureCode } from "../failure-codes.ts";
import type { TrainingEvent } from "../runs/training-events.ts";
import { announce, follow } from "../train/joint-run.ts";
import type { PreparedRun } from "../train/prepared-run.ts";
import type { MemorySharing } from "../train/require-memory.ts";
import { UserError } from "../user-error.ts";
import { type Execution, runTraining } from "./run-training.ts";

/** What a rank finds by itself. Where rank 0 is lost, or this rank, nobody else tells. */
const own: ReadonlySet<FailureCode> = new Set(["ended-by-rank", "rank-ended", "rank-lost", "rank-paused"]);

/**
 * Trains as one of the ranks that MPI's launcher has started: rank 0 prepares the run, and tells of it.
 * @param command what this process was asked to do, which must be the same on all ranks
 * @param prepare called on rank 0
 * @throws UserError on rank 0 as `runTraining` does, for whichever rank it is; on the others with the code `ended-by-rank`
 */
export async function* trainOnRanks(
  command: string,
  prepare: (sharing: MemorySharing) => Promise<PreparedRun>,
  execution: Execution,
): AsyncGenerator<TrainingEvent, void, undefined> {
  const { signal, note } = execution;
  const ranks = joinRanks(await joinMpi(signal, note), signal);
  if (ranks.size === 1) note("there is one rank: mpirun -np N starts several");
  const ranksHere = ranksBeside(ranks);
  const engine = withThreads(nodeEngine, threadsPerRank(ranksHere));
  try {
    if (ranks.rank === 0) {
      const prepared = await prepare({ ranks: ranks.size, ranksHere });
      await announce(ranks, prepared, command, engine);
      yield* runTraining(prepared, { ...execution, signal: ranks.signal, ranks, engine });
    } else await follow(ranks, command, engine);
    await ranks.end();
  } catch (error) {
    await ranks.fail(error);
    if (ranks.rank === 0 || (error instanceof UserError && own.has(error.code))) throw error;
    throw new UserError("ended-by-rank", { rank: ranks.rank }, "the training has ended; rank 0 tells why", {
      cause: error,
    });
  } finally {
    const missing = await ranks.close();
    if (ranks.rank === 0 && missing.length > 0)
      note(
        `${missing.join(" and ")} ${plural(missing.length, "has", "have")} not come to the end of the training for ${silentSeconds} seconds; it is saved, and ends without ${plural(missing.length, "it", "them")}`,
      );
  }
}
