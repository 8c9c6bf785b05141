/** WAV, AIFF, AU and CAF: what their headers may say, byte by byte. */
import { describe, expect, test } from "vitest";
import { sizeNote } from "../../../../runtime/audio/formats/audio-stream.ts";
import { openAudio } from "../../../../runtime/audio/open-audio.ts";
import { decodeBytes, refusalOf, tags } from "../decode-bytes.ts";
import { wavBytes, wavChunk } from "../wav-bytes.ts";

/** Numbers of any size, one after the other. */
const bytesOf = (...fields: readonly (string | readonly [value: number, bytes: number])[]): Buffer =>
  Buffer.concat(
    fields.map((field) => {
      if (typeof field === "string") return Buffer.from(field, "latin1");
      const bytes = Buffer.alloc(field[1]);
      bytes.writeUIntLE(field[0], 0, field[1]);
      return bytes;
    }),
  );

interface FormatFields {
  readonly tag?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly blockBytes?: number;
  readonly extra?: Buffer;
}

const formatChunk = ({ tag = 1, channels = 1, bits = 16, blockBytes = 2, extra }: FormatFields): Buffer =>
  wavChunk(
    "fmt ",
    Buffer.concat([
      bytesOf([tag, 2], [channels, 2], [16_000, 4], [16_000 * blockBytes, 4], [blockBytes, 2], [bits, 2]),
      extra ?? Buffer.alloc(0),
    ]),
  );
const wavOf = (...chunks: readonly Buffer[]): Buffer =>
  wavChunk("RIFF", Buffer.concat([Buffer.from("WAVE"), ...chunks]));
const samplesOf = async (bytes: Buffer): Promise<number[]> => [...(await decodeBytes(bytes)).samples];
const scaled = (...integers: readonly number[]): number[] => integers.map((x) => x / 32_768);

describe("a WAV file of more than 2 GiB", () => {
  /** Its header, and silence up to its end. */
  const openLong = async (stated: number, following: Buffer = Buffer.alloc(0)) => {
    const header = wavBytes([], { dataSize: stated });
    const end = header.length + 2 ** 31;
    const notes: string[] = [];
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, end + following.length - offset)));
      header.copy(bytes, 0, Math.min(offset, header.length));
      if (offset <= end) following.copy(bytes, end - offset);
      else following.copy(bytes, 0, offset - end);
      return bytes;
    };
    const source = { size: end + following.length, read };
    const stream = await openAudio(source, { note: (note) => notes.push(note) });
    return { frames: await stream?.countFrames(), notes };
  };

  test.each([
    ["nothing follows", Buffer.alloc(0)],
    ["a byte of padding follows", Buffer.alloc(1)],
    ["another chunk follows", wavChunk("LIST", Buffer.alloc(4))],
  ])("has the size that it states, where %s", async (_, following) => {
    expect(await openLong(2 ** 31, following)).toEqual({ frames: 2 ** 30, notes: [] });
  });

  test("that was written to a pipe is read to its end, and that is said", async () => {
    expect(await openLong(0x7fff_f000)).toEqual({ frames: 2 ** 30, notes: [sizeNote] });
    expect(await openLong(0xffff_ffff)).toEqual({ frames: 2 ** 30, notes: [sizeNote] });
  });
});

describe("a WAV file whose size of samples is not", () => {
  test.each([
    ["nothing", 0],
    ["the whole file's", 50],
    ["double", 12],
    ["a little too much", 8],
    ["unknown (ffmpeg)", 0xffff_ffff],
    ["unknown (sox)", 0x7fff_f000],
    ["the largest of 31 bits", 0x7fff_ffff],
  ])("%s: what is there is read, and told", async (_, dataSize) => {
    const { samples, notes } = await decodeBytes(wavBytes([1, 2, 3], { dataSize }));
    expect([[...samples], notes]).toEqual([scaled(1, 2, 3), [sizeNote]]);
  });

  test("an empty chunk that another follows is empty", async () => {
    expect(
      await refusalOf(wavOf(formatChunk({}), wavChunk("data", Buffer.alloc(0)), wavChunk("LIST", Buffer.alloc(8)))),
    ).toBe("the clip has no samples");
  });
});

describe("a WAV file whose bits and block size disagree", () => {
  const data = wavChunk("data", Buffer.from([1, 0, 2, 0, 3, 0, 4, 0]));
  test.each([
    ["mono as if stereo", { blockBytes: 4 }, scaled(1, 2, 3, 4)],
    ["stereo as if mono", { channels: 2, blockBytes: 2 }, scaled(1.5, 3.5)],
    ["no block size", { blockBytes: 0 }, scaled(1, 2, 3, 4)],
    ["12 bits in 2 bytes", { bits: 12 }, scaled(1, 2, 3, 4)],
    ["24 bits in 4 bytes", { bits: 24, blockBytes: 4 }, [0x2_0001 / 2 ** 31, 0x4_0003 / 2 ** 31]],
  ])("%s: read by its bits", async (_, fields, expected) => {
    expect(await samplesOf(wavOf(formatChunk(fields), data))).toEqual(expected);
  });

  test.each([
    [{ channels: 2, blockBytes: 3 }, "2 channels of 16 bits in 3 bytes"],
    [{ channels: 2, blockBytes: 8 }, "2 channels of 16 bits in 8 bytes"],
    [{ bits: 8, blockBytes: 2 }, "1 channels of 8 bits in 2 bytes"],
    [{ channels: 6, blockBytes: 4 }, "6 channels of 16 bits in 4 bytes"],
    [{ tag: 0x11, bits: 16, blockBytes: 256 }, "1 channels of 16 bits in 256 bytes"],
  ])("%o is refused", async (fields, facts) => {
    expect(await refusalOf(wavOf(formatChunk(fields), data))).toBe(`the file is corrupt: its header gives ${facts}`);
  });
});

describe("chunks", () => {
  const format = formatChunk({});
  const data = wavChunk("data", Buffer.from([1, 0, 2, 0]));
  test("an odd one may lack its padding", async () => {
    const odd = wavChunk("guan", Buffer.from("odd")).subarray(0, 11);
    expect(await samplesOf(wavOf(odd, format, data))).toEqual(scaled(1, 2));
    expect(await samplesOf(wavOf(format, odd, data))).toEqual(scaled(1, 2));
  });

  test("the format may follow the samples, and tags may stand before the file", async () => {
    expect(await samplesOf(wavOf(data, format))).toEqual(scaled(1, 2));
    expect(await samplesOf(Buffer.concat([tags.id3v2, tags.id3v2, wavOf(format, data)]))).toEqual(scaled(1, 2));
    expect(await samplesOf(Buffer.concat([wavOf(format, data), tags.id3v1]))).toEqual(scaled(1, 2));
  });

  test("two of samples are refused", async () => {
    expect(await refusalOf(wavOf(format, data, data))).toBe(
      "the file has two chunks of samples; expected one: save it anew with an audio editor",
    );
  });

  test("files put together are refused", async () => {
    expect(await refusalOf(Buffer.concat([wavBytes([1]), wavBytes([2])]))).toBe(
      "another WAV file follows in this one; expected one",
    );
  });

  test("64 bits for sizes: RF64 and Wave64", async () => {
    const rf64 = wavOf(
      wavChunk("ds64", bytesOf([0, 6], [0, 2], [4, 6], [0, 2], [2, 6], [0, 2], [0, 4])),
      format,
      wavChunk("data", Buffer.from([1, 0, 2, 0]), 0xffff_ffff),
    );
    rf64.write("RF64");
    expect(await samplesOf(rf64)).toEqual(scaled(1, 2));
    const rest = { riff: "2e91cf11a5d628db04c10000", wave: "f3acd3118cd100c04f8edb8a" };
    const guid = (id: string): Buffer =>
      Buffer.concat([Buffer.from(id), Buffer.from(id === "riff" ? rest.riff : rest.wave, "hex")]);
    const w64 = Buffer.concat([
      guid("riff"),
      bytesOf([116, 6], [0, 2]),
      guid("wave"),
      guid("fmt "),
      bytesOf([40, 6], [0, 2]),
      format.subarray(8),
      guid("data"),
      bytesOf([28, 6], [0, 2]),
      Buffer.from([1, 0, 2, 0]),
    ]);
    expect(await samplesOf(w64)).toEqual(scaled(1, 2));
  });
});

describe("encodings", () => {
  const encoded = (fields: FormatFields, data: readonly number[]): Buffer =>
    wavOf(formatChunk(fields), wavChunk("data", Buffer.from(data)));

  test("A-law and mu-law by ITU-T G.711", async () => {
    const eight = { bits: 8, blockBytes: 1 };
    expect(await samplesOf(encoded({ tag: 7, ...eight }, [0x00, 0x80, 0x7f, 0xff, 0xf0]))).toEqual(
      scaled(-32_124, 32_124, 0, 0, 120),
    );
    expect(await samplesOf(encoded({ tag: 6, ...eight }, [0x2a, 0xaa, 0x55, 0xd5]))).toEqual(
      scaled(-32_256, 32_256, -8, 8),
    );
  });

  test("IMA ADPCM: a first sample, then differences by steps that adapt", async () => {
    // Steps 7, 9 (4 raises by 2) and 21 (7 raises by 8): 100 + 7 + 16 - 2.
    const block = [100, 0, 0, 0, 0x74, 0x08, 0, 0];
    const samples = await samplesOf(encoded({ tag: 0x11, bits: 4, blockBytes: 8 }, block));
    expect(samples.slice(0, 4)).toEqual(scaled(100, 107, 123, 121));
    expect(samples).toHaveLength(9);
  });

  test("Microsoft's ADPCM: two samples, then differences from what they predict", async () => {
    // Predictor 1 is 2 last - before; step 16, which 1 keeps at its least.
    const block = [1, 16, 0, 20, 0, 10, 0, 0x1f];
    const samples = await samplesOf(encoded({ tag: 2, bits: 4, blockBytes: 8 }, block));
    expect(samples).toEqual(scaled(10, 20, 30 + 16, 72 - 16));
  });

  test("WAV of another encoding is for ffmpeg", async () => {
    expect(String(await refusalOf(encoded({ tag: 0x1234 }, [1, 2, 3, 4])))).toMatch(/ffmpeg/);
  });
});

describe("other containers", () => {
  const rate16k = "\x40\x0c\xfa\0\0\0\0\0\0\0";
  const chunk = (id: string, content: Buffer, size = content.length): Buffer => {
    const header = Buffer.alloc(8);
    header.write(id, "latin1");
    header.writeUInt32BE(size, 4);
    return Buffer.concat([header, content]);
  };
  const aiff = (
    type: string,
    sound: readonly number[],
    { size, frames = 2 }: { size?: number; frames?: number } = {},
  ) => {
    const common = Buffer.concat([Buffer.from([0, 1, 0, 0, 0, frames, 0, 16]), Buffer.from(rate16k + type, "latin1")]);
    const content = Buffer.concat([
      Buffer.from(type === "" ? "AIFF" : "AIFC"),
      chunk("COMM", common),
      chunk("SSND", Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, ...sound]), size),
    ]);
    return chunk("FORM", content);
  };

  test("AIFF and AIFC", async () => {
    const { samples, sampleRateHz } = await decodeBytes(aiff("", [0, 1, 0, 2]));
    expect([[...samples], sampleRateHz]).toEqual([scaled(1, 2), 16_000]);
    expect(await samplesOf(aiff("sowt", [1, 0, 2, 0]))).toEqual(scaled(1, 2));
    expect((await decodeBytes(aiff("", [0, 1, 0, 2], { frames: 3 }))).notes).toEqual([sizeNote]);
    expect((await decodeBytes(aiff("", [0, 1, 0, 2], { size: 0 }))).notes).toEqual([sizeNote]);
  });

  test("AU, also of a length unknown when it was begun", async () => {
    const au = (size: number) =>
      Buffer.concat([
        Buffer.from(".snd"),
        ...[24, size, 3, 16_000, 1].map((x) => Buffer.from([x >>> 24, (x >> 16) & 255, (x >> 8) & 255, x & 255])),
        Buffer.from([0, 1, 0, 2]),
      ]);
    for (const size of [4, 0xffff_ffff, 0]) expect(await samplesOf(au(size))).toEqual(scaled(1, 2));
    expect((await decodeBytes(au(100))).notes).toEqual([sizeNote]);
  });

  test("CAF", async () => {
    const caf = (dataSize: bigint): Buffer => {
      const file = Buffer.alloc(72);
      file.write("caff\0\x01\0\0desc", "latin1");
      file.writeBigInt64BE(32n, 12);
      file.writeDoubleBE(16_000, 20);
      file.write("lpcm", 28);
      [2, 2, 1, 1, 16].forEach((word, index) => file.writeUInt32BE(word, 32 + 4 * index));
      file.write("data", 52);
      file.writeBigInt64BE(dataSize, 56);
      file.writeUInt16LE(1, 68);
      file.writeUInt16LE(2, 70);
      return file;
    };
    for (const size of [8n, -1n]) expect(await samplesOf(caf(size))).toEqual(scaled(1, 2));
  });
});

describe("samples that are no sound", () => {
  const float = (...samples: readonly number[]) => wavBytes(samples, { encoding: "float", bits: 32 });

  test("an absurd one is named", async () => {
    expect(await refusalOf(float(0, 0.5, 1e30))).toBe(
      "sample 2 is 1.0000000150474662e+30; expected numbers in [-1, 1]",
    );
  });

  test("integers stored as float are read as they are, and told", async () => {
    const { samples, notes } = await decodeBytes(float(0, 12_000, -32_768));
    expect([...samples]).toEqual([0, 12_000, -32_768]);
    expect(notes).toEqual([
      "its samples go far beyond full scale, as of integers stored as float; they were read as they are",
    ]);
  });
});
