import { expect, test } from "vitest";
import { copyBytes } from "../../../runtime/library/copy-bytes.ts";

const tooLarge = { buffer: new ArrayBuffer(8), byteOffset: 0, byteLength: 2 ** 53 } as unknown as ArrayBufferView;

test("a copy that cannot be made holds up no other", async () => {
  await expect(copyBytes(tooLarge)).rejects.toThrow(RangeError);
  expect(new Uint8Array(await copyBytes(Uint8Array.of(1, 2, 3)))).toStrictEqual(Uint8Array.of(1, 2, 3));
});
