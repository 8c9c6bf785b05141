/** How samples of fixed size become numbers. Integers are value / 2^(bits - 1), as torchaudio, sox and libsndfile scale them. */
export interface SampleEncoding {
  readonly name: string;
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}

const signed = (bytes: number, isLittle: boolean): SampleEncoding["read"] => {
  switch (bytes) {
    case 1:
      return (view, offset) => view.getInt8(offset) / 2 ** 7;
    case 2:
      return (view, offset) => view.getInt16(offset, isLittle) / 2 ** 15;
    case 3:
      return isLittle
        ? (view, offset) => ((view.getInt8(offset + 2) << 16) | view.getUint16(offset, true)) / 2 ** 23
        : (view, offset) => ((view.getInt8(offset) << 16) | view.getUint16(offset + 1, false)) / 2 ** 23;
    default:
      return (view, offset) => view.getInt32(offset, isLittle) / 2 ** 31;
  }
};

/** @param bytes 1 to 4 a sample; fewer significant bits are in the upper ones */
export const integerEncoding = (bytes: number, isLittle: boolean): SampleEncoding => ({
  name: `${8 * bytes}-bit PCM`,
  bytes,
  read: signed(bytes, isLittle),
});

export const unsignedBytes: SampleEncoding = {
  name: "8-bit PCM",
  bytes: 1,
  read: (view, offset) => (view.getUint8(offset) - 128) / 2 ** 7,
};

export const floatEncoding = (bytes: 4 | 8, isLittle: boolean): SampleEncoding => ({
  name: `${8 * bytes}-bit float`,
  bytes,
  read:
    bytes === 4
      ? (view, offset) => view.getFloat32(offset, isLittle)
      : (view, offset) => view.getFloat64(offset, isLittle),
});

/** ITU-T G.711: a sign, a segment of 3 bits, 4 bits within it; A-law's even bits are inverted. */
const aLawOf = (code: number): number => {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const within = ((bits & 15) << 4) + 8;
  const size = segment === 0 ? within : (within + 0x100) << (segment - 1);
  return (bits & 0x80) === 0 ? -size : size;
};

/** All bits of mu-law are inverted; its segments are offset by 132. */
const muLawOf = (code: number): number => {
  const bits = ~code & 0xff;
  const size = (((bits & 15) << 3) + 132) << ((bits >> 4) & 7);
  return (bits & 0x80) === 0 ? size - 132 : 132 - size;
};

const byTable = (name: string, valueOf: (code: number) => number): SampleEncoding => {
  const table = Float64Array.from({ length: 256 }, (_, code) => valueOf(code) / 2 ** 15);
  return { name, bytes: 1, read: (view, offset) => table[view.getUint8(offset)] ?? 0 };
};

export const aLaw = byTable("A-law", aLawOf);
export const muLaw = byTable("mu-law", muLawOf);
