/** Thrown where a frame needs more bytes than there are. */
export class OutOfBytes extends Error {}

/** Reads bits of bytes, the highest first. */
export interface BitReader {
  /** @param count 0 to 32 */
  readonly unsigned: (count: number) => number;
  /** @param count 0 to 33; two's complement */
  readonly signed: (count: number) => number;
  /** Zeros before the next one, which is taken too. */
  readonly unary: () => number;
  /** On to the next whole byte. */
  readonly align: () => void;
  /** Where the next byte lies; only where aligned. */
  readonly position: () => number;
}

export const createBitReader = (bytes: Uint8Array, start: number): BitReader => {
  let position = start;
  /** Bits taken from `bytes` and not yet used: the lowest `left` ones. */
  let held = 0;
  let left = 0;
  const end = bytes.length;

  /** @param count 0 to 16, so that no more than 24 bits are ever held */
  const few = (count: number): number => {
    while (left < count) {
      if (position >= end) throw new OutOfBytes();
      held = ((held & 0xff_ffff) << 8) | (bytes[position++] ?? 0);
      left += 8;
    }
    left -= count;
    return (held >>> left) & ((1 << count) - 1);
  };
  const unsigned = (count: number): number => (count <= 16 ? few(count) : few(count - 16) * 65_536 + few(16));
  return {
    unsigned,
    signed: (count) => {
      if (count === 0) return 0;
      const value = count === 33 ? few(1) * 2 ** 32 + unsigned(32) : unsigned(count);
      return value >= 2 ** (count - 1) ? value - 2 ** count : value;
    },
    unary: () => {
      let zeros = 0;
      for (;;) {
        if (left === 0) {
          if (position >= end) throw new OutOfBytes();
          held = bytes[position++] ?? 0;
          left = 8;
        }
        const rest = held & ((1 << left) - 1);
        if (rest === 0) {
          zeros += left;
          left = 0;
          continue;
        }
        const ahead = Math.clz32(rest) - (32 - left);
        left -= ahead + 1;
        return zeros + ahead;
      }
    },
    align: () => {
      left -= left % 8;
    },
    position: () => position - left / 8,
  };
};
