/** What a stream of these bytes gives next, in chunks of these sizes, over and over. */
export const inChunks = (
  bytes: Uint8Array,
  sizes: readonly number[],
): (() => Promise<Uint8Array<ArrayBuffer> | undefined>) => {
  let [offset, count] = [0, 0];
  return () => {
    if (offset >= bytes.length) return Promise.resolve(undefined);
    const size = sizes[count % sizes.length] ?? 1;
    const chunk = new Uint8Array(bytes.subarray(offset, offset + size));
    offset += size;
    count += 1;
    return Promise.resolve(chunk);
  };
};
