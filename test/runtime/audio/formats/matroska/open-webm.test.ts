/** WebM as browsers record it, element by element. */
import { expect, test } from "vitest";
import { audioFixture, decodeBytes, refusalOf } from "../../decode-bytes.ts";
import { splitPages } from "../../ogg-pages.ts";

const element = (id: string, content: Uint8Array, size = content.length): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(size));
  length[0] = 1; // a size of seven bytes
  return Buffer.concat([Buffer.from(id, "hex"), length, content]);
};
const join = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
/** A recording that is still going on does not know its size. */
const live = (id: string, content: Buffer): Buffer => {
  const bytes = element(id, content);
  bytes.fill(0xff, id.length / 2 + 1, id.length / 2 + 8);
  return bytes;
};

const pages = splitPages(audioFixture("sines-opus.ogg"));
const [head = new Uint8Array()] = pages[0]?.pieces ?? [];
const packets = pages.slice(2).flatMap(({ pieces }) => pieces);
const samples = (pages.at(-1)?.granule ?? 0) - (head[10] ?? 0) - 256 * (head[11] ?? 0);
const surplus = 960 * packets.length - (pages.at(-1)?.granule ?? 0);

const tracks = (codec: string): Buffer =>
  element(
    "1654ae6b",
    element("ae", join(element("d7", Buffer.from([1])), element("86", Buffer.from(codec)), element("63a2", head))),
  );
const simpleBlock = (...content: readonly Uint8Array[]): Buffer =>
  element("a3", join(Buffer.from([0x81, 0, 0, 0]), ...content));
const xiphLaced = ([first = new Uint8Array(), second = new Uint8Array()]: readonly Uint8Array[]): Buffer => {
  const size = [...Array.from({ length: Math.floor(first.length / 255) }, () => 255), first.length % 255];
  return element("a3", join(Buffer.from([0x81, 0, 0, 2, 1, ...size]), first, second));
};
const lastBlock = (packet: Uint8Array): Buffer => {
  const padding = Buffer.alloc(8);
  padding.writeBigInt64BE(BigInt(Math.round((surplus * 1e9) / 48_000)));
  return element("a0", join(element("a1", join(Buffer.from([0x81, 0, 0, 0]), packet)), element("75a2", padding)));
};
const otherTrack = element("a3", Buffer.from([0x82, 0, 0, 0, 1, 2, 3]));

const blocks = join(
  xiphLaced(packets.slice(0, 2)),
  otherTrack,
  ...packets.slice(2, -1).map((packet) => simpleBlock(packet)),
  lastBlock(packets.at(-1) ?? new Uint8Array()),
);
const ebml = element("1a45dfa3", element("4282", Buffer.from("webm")));
const webm = (codec: string): Buffer => join(ebml, live("18538067", join(tracks(codec), live("1f43b675", blocks))));

test("Opus in WebM is the same sound as in Ogg", async () => {
  const decoded = await decodeBytes(webm("A_OPUS"));
  expect(decoded.samples).toHaveLength(samples);
  expect(decoded).toEqual(await decodeBytes(audioFixture("sines-opus.ogg")));
});

test("a recording that stops within a block, or before its segment ends, is refused", async () => {
  expect(await refusalOf(webm("A_OPUS").subarray(0, -30))).toBe("the file is cut off within its last block");
  const sized = join(ebml, element("18538067", join(tracks("A_OPUS"), element("1f43b675", blocks)), 1e6));
  expect(await refusalOf(sized)).toBe("the file is cut off between two blocks");
});
