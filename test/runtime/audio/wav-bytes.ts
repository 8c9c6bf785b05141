/** WAV files for tests, byte by byte. */

export interface WavOptions {
  readonly encoding?: "pcm" | "float";
  readonly bits?: number;
  readonly channels?: number;
  readonly sampleRateHz?: number;
  readonly isExtensible?: boolean;
  /** What the data chunk's header says, where it does not say the truth. */
  readonly dataSize?: number;
  /** Chunks between the format and the data. */
  readonly extraChunks?: Buffer;
}

/** A WAV file of interleaved samples: integers as they are stored for PCM, numbers for float. */
export const wavBytes = (samples: readonly number[], options: WavOptions = {}): Buffer => {
  const { encoding = "pcm", bits = 16, channels = 1, sampleRateHz = 16_000, isExtensible = false } = options;
  const bytesPerSample = bits / 8;
  const tag = encoding === "pcm" ? 1 : 3;
  const format = Buffer.alloc(isExtensible ? 40 : 16);
  format.writeUInt16LE(isExtensible ? 0xfffe : tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(sampleRateHz, 4);
  format.writeUInt32LE(sampleRateHz * channels * bytesPerSample, 8);
  format.writeUInt16LE(channels * bytesPerSample, 12);
  format.writeUInt16LE(bits, 14);
  if (isExtensible) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(bits, 18);
    format.writeUInt16LE(tag, 24);
    Buffer.from("000000001000800000aa00389b71", "hex").copy(format, 26);
  }
  const data = Buffer.alloc(samples.length * bytesPerSample);
  samples.forEach((sample, index) => {
    const offset = index * bytesPerSample;
    if (encoding === "float" && bits === 32) data.writeFloatLE(sample, offset);
    else if (encoding === "float") data.writeDoubleLE(sample, offset);
    else if (bits === 8) data.writeUInt8(sample, offset);
    else data.writeIntLE(sample, offset, bytesPerSample);
  });
  const body = Buffer.concat([
    Buffer.from("WAVE"),
    wavChunk("fmt ", format),
    options.extraChunks ?? Buffer.alloc(0),
    wavChunk("data", data, options.dataSize),
  ]);
  return wavChunk("RIFF", body);
};

/** A chunk with its header, padded to an even length. */
export const wavChunk = (id: string, content: Buffer, size = content.length): Buffer => {
  const header = Buffer.alloc(8);
  header.write(id, "latin1");
  header.writeUInt32LE(size, 4);
  return Buffer.concat([header, content, Buffer.alloc(content.length % 2)]);
};
