import { expect, test } from "vitest";
import { parseBytes } from "../../../compiler/artifact/parse-bytes.ts";

test.each([
  ["4 GB", 4e9],
  ["4GB", 4e9],
  [" 1.5 gb ", 1.5e9],
  ["1500 MB", 1.5e9],
  ["2GiB", 2 ** 31],
  ["512 MiB", 2 ** 29],
  ["100 kB", 1e5],
  [".5 TB", 5e11],
])("%s is %d bytes", (text, bytes) => expect(parseBytes(text)).toBe(bytes));

test.each(["4", "", "GB", "4 G", "4 bytes", "-4 GB", "0 GB", "1e9 GB", "4 GB or so", "1,5 GB", "4 GB/s", "9999999 TB"])(
  "%s is none",
  (text) => expect(parseBytes(text)).toBeUndefined(),
);
