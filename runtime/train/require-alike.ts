/** Whether the ranks of a training still have the same parameters: what differs once would differ more with each step, unseen. */
import { nameRank, type Ranks } from "../distributed/ranks.ts";
import type { TrainingSession } from "../engine/training-session.ts";
import { UserError } from "../user-error.ts";

/** FNV-1a over 32 bits at a time. */
const digestOf = (values: Uint32Array, begin: number): number => {
  let digest = begin;
  for (const value of values) digest = Math.imul(digest ^ value, 0x01000193);
  return digest;
};

/** @throws UserError, on all of them, naming the first that has others than rank 0 */
export const requireAlike = async (
  ranks: Ranks,
  { changing, read }: Pick<TrainingSession, "changing" | "read">,
): Promise<void> => {
  let digest = 0x811c9dc5;
  for (const { name } of changing) {
    const { buffer, byteOffset, byteLength } = (await read(name)).data;
    digest = digestOf(new Uint32Array(buffer, byteOffset, byteLength >>> 2), digest);
  }
  const own = Uint8Array.from([24, 16, 8, 0], (bits) => digest >>> bits);
  const all = await ranks.gather(own);
  const other = all.findIndex((bytes) => bytes.some((byte, place) => byte !== all[0]?.[place]));
  if (other < 0) return;
  throw new UserError(
    "ranks-diverged",
    { rank: other, host: ranks.hosts[other] },
    `${nameRank(ranks, other)} has come to other parameters than rank 0, from the same gradients: its processor or its libraries compute otherwise`,
  );
};
