/** FLAC, MP3 and Ogg as recorders, editors and broken disks leave them. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { unendedNote } from "../../../../runtime/audio/formats/audio-stream.ts";
import { loadClip } from "../../../../runtime/audio/load-clip.ts";
import { openClip } from "../../../../runtime/audio/open-clip.ts";
import { audioFixture, decodeBytes, refusalOf, tags } from "../decode-bytes.ts";
import { joinPages, type OggPage, splitPages } from "../ogg-pages.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const patched = (bytes: Buffer, patches: Readonly<Record<number, readonly number[]>>): Buffer => {
  const copy = Buffer.from(bytes);
  for (const [at, values] of Object.entries(patches)) copy.set(values, Number(at));
  return copy;
};

describe.each(["sines.flac", "sines.mp3", "sines-id3.mp3", "sines-vorbis.ogg", "sines-opus.ogg", "sines-flac.ogg"])(
  "%s",
  (name) => {
    const bytes = audioFixture(name);
    test.each([
      ["an ID3v1 tag", [tags.id3v1]],
      ["zeros", [Buffer.alloc(5000)]],
      ["zeros and an ID3v1 tag", [Buffer.alloc(5000), tags.id3v1]],
      ["an APE tag", [tags.ape]],
      ["APE and ID3v1 tags", [tags.apeWithHeader, tags.id3v1]],
      ["Lyrics3 and ID3v1 tags", [tags.lyrics, tags.id3v1]],
    ])("may be followed by %s", async (_, after) => {
      expect(await decodeBytes(Buffer.concat([bytes, ...after]))).toEqual(await decodeBytes(bytes));
    });

    test("may follow several ID3v2 tags", async () => {
      expect(await decodeBytes(Buffer.concat([tags.id3v2, tags.id3v2, bytes]))).toEqual(await decodeBytes(bytes));
    });
  },
);

describe("FLAC", () => {
  const bytes = audioFixture("sines.flac");
  const info = bytes.indexOf("fLaC") + 8;
  const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

  test("wiped stream information is not silence", async () => {
    expect(await refusalOf(patched(bytes, { [info]: zeros(34) }))).toBe(
      "the file is corrupt: its FLAC stream information has been wiped",
    );
  });

  test("files put together are refused", async () => {
    expect(await refusalOf(Buffer.concat([bytes, bytes]))).toBe("another FLAC file follows in this one; expected one");
  });

  test("stream information that contradicts the frames", async () => {
    expect(await refusalOf(patched(bytes, { [info + 10]: [0x02, 0xee, 0x02] }))).toBe(
      "the file is corrupt: its frames are not as its stream information says",
    );
  });

  test("neither a length nor a checksum is needed, but whole frames are", async () => {
    const unknown = patched(bytes, {
      [info + 13]: [(bytes[info + 13] ?? 0) & 0xf0, 0, 0, 0, 0],
      [info + 18]: zeros(16),
    });
    expect(await decodeBytes(unknown)).toEqual(await decodeBytes(bytes));
    expect(await refusalOf(unknown.subarray(0, -100))).toBe(
      "the file is corrupt or cut off: its last frame is not whole",
    );
    const again = unknown.subarray(unknown.indexOf("\u00ff\u00f8", 0, "latin1"));
    expect(await refusalOf(Buffer.concat([unknown, Buffer.alloc(5000), again]))).toBe(
      `the file is corrupt: no FLAC frame starts at byte ${unknown.length}`,
    );
    const at = unknown.length - 100;
    expect(await refusalOf(patched(unknown, { [at]: [(unknown[at] ?? 0) ^ 1] }))).toMatch(
      /^the file is corrupt: its frame at sample \d+ does not match its checksum$/,
    );
  });
});

test("zeros that end the sound are no padding of the file", async () => {
  const pages = splitPages(audioFixture("sines-opus.ogg"));
  // One frame and 200 bytes of a packet's own padding, which is zeros (RFC 6716, section 3.2.5).
  const pad = ([toc = 0, ...frame]: Uint8Array): Uint8Array =>
    Uint8Array.from([toc | 3, 0x41, 200, ...frame, ...Buffer.alloc(200)]);
  const bytes = joinPages(pages.map((page, index) => (index < 2 ? page : { ...page, pieces: page.pieces.map(pad) })));
  expect(bytes.subarray(-200)).toEqual(Buffer.alloc(200));
  const padded = await decodeBytes(bytes);
  expect(padded).toEqual(await decodeBytes(audioFixture("sines-opus.ogg")));
  for (const after of [[Buffer.alloc(999)], [Buffer.alloc(2 ** 18), tags.id3v1]]) {
    expect(await decodeBytes(Buffer.concat([bytes, ...after]))).toEqual(padded);
  }
});

describe("MP3", () => {
  const bytes = audioFixture("sines.mp3");
  const frameBytes = 432; // 96 kbit/s at 16 kHz
  /** Without the frame that tells how many there are. */
  const untold = bytes.subarray(frameBytes);

  test.each([
    ["zeros", Buffer.alloc(1000)],
    ["rubbish", Buffer.alloc(500, " ")],
    ["rubbish that looks like a frame, before zeros", Buffer.concat([untold.subarray(0, 4), Buffer.alloc(900)])],
    ["a tag and rubbish", Buffer.concat([tags.id3v2, Buffer.alloc(500, " ")])],
  ])("may follow %s", async (_, before) => {
    expect(await decodeBytes(Buffer.concat([before, bytes]))).toEqual(await decodeBytes(bytes));
  });

  test("a file that stops within a frame is read up to it, and it is told", async () => {
    const { samples, notes } = await decodeBytes(untold.subarray(0, -10));
    expect(samples).toHaveLength((untold.length / frameBytes - 1) * 576 - 1105);
    expect(notes).toEqual([unendedNote]);
  });

  test("frames that are lost are not passed over", async () => {
    const middle = 3 * frameBytes;
    const hole = patched(untold, { [middle]: Array.from({ length: 300 }, () => 0) });
    expect(await refusalOf(hole)).toBe(`the file is corrupt: no MP3 frame starts at byte ${middle}`);
    const [before, after] = [untold.subarray(0, middle), untold.subarray(middle)];
    for (const between of [[Buffer.alloc(5000)], [tags.id3v1, Buffer.alloc(5000)]]) {
      expect(await refusalOf(Buffer.concat([before, ...between, after]))).toContain("no MP3 frame starts at byte");
    }
    const far = await decodeBytes(Buffer.concat([before, Buffer.alloc(2 ** 21), after]));
    expect(far.notes).toEqual([unendedNote]);
  });

  test("files put together are read whole, and it is told", async () => {
    const [one, both] = [await decodeBytes(bytes), await decodeBytes(Buffer.concat([bytes, bytes]))];
    expect(both.samples.length).toBeGreaterThan(1.9 * one.samples.length);
    expect(both.samples.subarray(0, one.samples.length)).toEqual(one.samples);
    expect(both.notes).toEqual([
      "more sound follows than its header tells of, as in files put together; it was read too",
    ]);
  });

  test("free format is refused", async () => {
    const free = Buffer.from(untold);
    for (let at = 2; at < free.length; at += frameBytes) free[at] = (free[at] ?? 0) & 0x0f;
    expect(await refusalOf(free)).toBe(
      "this is MP3 of free format, which is not supported; save it anew at a usual bit rate",
    );
  });
});

/** Its packets on pages of their own. */
const spread = (name: string, granuleOf: (index: number) => number): OggPage[] => {
  const pages = splitPages(audioFixture(name));
  const last = pages.at(-1)?.granule ?? 0;
  const packets = pages.slice(2).flatMap(({ pieces }) => pieces);
  const sound = packets.map((piece, index) => ({ flags: 0, granule: granuleOf(index), pieces: [piece] }));
  return [
    ...pages.slice(0, 2),
    ...sound.map((page, index) => (index === packets.length - 1 ? { ...page, flags: 4, granule: last } : page)),
  ];
};

describe("Ogg", () => {
  const pages = spread("sines-opus.ogg", (index) => 960 * (index + 1));
  const whole = (): Promise<unknown> => decodeBytes(audioFixture("sines-opus.ogg"));
  const middle = pages.length >> 1;

  test("how packets lie on pages does not matter", async () => {
    expect(await decodeBytes(joinPages(pages))).toEqual(await whole());
  });

  test("without a mark of its end it is read, and it is told", async () => {
    const unended = pages.map((page) => ({ ...page, flags: page.flags & ~4 }));
    expect(await decodeBytes(joinPages(unended))).toEqual({
      ...(await decodeBytes(joinPages(pages))),
      notes: [unendedNote],
    });
  });

  test("a page of no packet may mark the end", async () => {
    const last = pages.at(-1);
    const unended = pages.map((page) =>
      page === last ? { ...page, flags: 0, granule: 960 * (pages.length - 2) } : page,
    );
    const marked = [...unended, { flags: 4, granule: last?.granule ?? 0, pieces: [] }];
    expect(await decodeBytes(joinPages(marked))).toEqual(await whole());
  });

  test("a page that is missing is not passed over", async () => {
    const numbered = pages.map((page, sequence) => ({ ...page, sequence }));
    expect(await refusalOf(joinPages(numbered.filter((_, index) => index !== middle)))).toBe(
      `the file is corrupt: page ${middle} of its stream is missing`,
    );
  });

  test("a recording that joined a broadcast is read from there, and it is told", async () => {
    const late = pages.slice(4).map((page, index) => ({ ...page, sequence: 100 + index }));
    const { samples, notes } = await decodeBytes(joinPages([...pages.slice(0, 2), ...late]));
    expect(samples.length).toBeGreaterThan(0);
    expect(notes).toEqual([
      "pages are missing before its first sound, as where a recording joined a broadcast; the rest was read",
    ]);
  });

  test("samples before position 0 are cut off", async () => {
    const early = pages.map((page, index) => (index < 2 ? page : { ...page, granule: page.granule - 1920 }));
    const all = await decodeBytes(joinPages(pages));
    const { samples } = await decodeBytes(
      joinPages([
        ...early.slice(0, 2),
        { ...early[4], pieces: early.slice(2, 5).flatMap(({ pieces }) => pieces) } as OggPage,
        ...early.slice(5),
      ]),
    );
    expect(samples).toEqual(all.samples.subarray(1920));
  });

  test("damage after what is heard does not matter, before it does", async () => {
    const path = join(temporaryFolder({ "cut.opus": joinPages(pages).subarray(0, -10) }), "cut.opus");
    const load = (maxSamples: number) =>
      loadClip(openClip, path, { sampleRateHz: 48_000, minSamples: 400, maxSamples });
    expect((await load(4800)).samples).toEqual((await decodeBytes(joinPages(pages))).samples.slice(0, 4800));
    await expect(load(9600)).rejects.toThrow(`${path}: the file is cut off within its last page`);
  });

  test("rubbish between pages loses nothing", async () => {
    const [before, after] = [pages.slice(0, middle), pages.slice(middle)];
    const bytes = Buffer.concat([joinPages(before), Buffer.alloc(100, "x"), joinPages(after, middle)]);
    expect(await decodeBytes(bytes)).toEqual(await whole());
  });

  test("streams in a chain follow one another", async () => {
    const one = await decodeBytes(joinPages(pages));
    const { samples } = await decodeBytes(Buffer.concat([joinPages(pages), joinPages(pages)]));
    expect(samples).toEqual(Float32Array.of(...one.samples, ...one.samples));
    expect(await refusalOf(Buffer.concat([joinPages(pages), audioFixture("sines-vorbis.ogg")]))).toBe(
      "its sample rate changes from 48000 to 16000 Hz",
    );
  });

  test("FLAC of unknown length that stops between pages is told", async () => {
    const flac = splitPages(audioFixture("sines-flac.ogg"));
    const head = Buffer.from(flac[0]?.pieces[0] ?? []);
    head.fill(0, 17 + 14, 17 + 34);
    head[17 + 13] = (head[17 + 13] ?? 0) & 0xf0;
    const untold = [{ flags: 2, granule: 0, pieces: [head] }, ...flac.slice(1).map((page) => ({ ...page, flags: 0 }))];
    const { samples, notes } = await decodeBytes(joinPages(untold));
    expect([samples.length, notes]).toEqual([3200, [unendedNote]]);
  });
});
