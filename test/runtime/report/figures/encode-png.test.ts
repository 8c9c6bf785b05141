import { inflateSync, crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { encodePng } from "../../../../runtime/report/figures/encode-png.ts";

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** The chunks behind the signature, after checking each one's checksum. */
const readChunks = (png: Buffer): Chunk[] => {
  const chunks: Chunk[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.push({ type: body.toString("latin1", 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  return chunks;
};

test("an image of three by two pixels", () => {
  const palette = Uint8Array.of(0, 0, 0, 255, 0, 0, 0, 255, 0);
  const png = encodePng({ width: 3, height: 2, pixels: Uint8Array.of(0, 1, 2, 2, 1, 0), palette });
  expect(png.subarray(0, 8).toString("latin1")).toBe("\u0089PNG\r\n\u001A\n");
  const [header, colours, data, end] = readChunks(png);
  expect([header, colours, data, end].map((chunk) => chunk?.type)).toStrictEqual(["IHDR", "PLTE", "IDAT", "IEND"]);
  expect([...(header?.data ?? [])]).toStrictEqual([0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
  expect([...(colours?.data ?? [])]).toStrictEqual([...palette]);
  expect([...inflateSync(data?.data ?? Buffer.alloc(0))]).toStrictEqual([0, 0, 1, 2, 0, 2, 1, 0]);
});
