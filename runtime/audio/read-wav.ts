import type { DecodedAudio } from "./decoded-audio.ts";

const pcm = 1;
const float = 3;
const extensible = 0xfffe;

/** A data chunk of this size or more was written to a pipe, before its length was known (sox 0x7ffff000, ffmpeg 0xffffffff). */
const unknownLength = 0x7fff_f000;

type ReadSample = (view: DataView, offset: number) => number;

interface Format {
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly bytesPerSample: number;
  readonly readSample: ReadSample;
}

/** Integer samples are value / 2^(bits - 1), as torchaudio and sox scale them; 8 bits are unsigned. */
const readers: ReadonlyMap<string, ReadSample> = new Map<string, ReadSample>([
  [`${pcm}/1`, (view, offset) => (view.getUint8(offset) - 128) / 2 ** 7],
  [`${pcm}/2`, (view, offset) => view.getInt16(offset, true) / 2 ** 15],
  [`${pcm}/3`, (view, offset) => ((view.getInt8(offset + 2) << 16) | view.getUint16(offset, true)) / 2 ** 23],
  [`${pcm}/4`, (view, offset) => view.getInt32(offset, true) / 2 ** 31],
  [`${float}/4`, (view, offset) => view.getFloat32(offset, true)],
  [`${float}/8`, (view, offset) => view.getFloat64(offset, true)],
]);

/**
 * The samples of a WAV file: PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, each also as WAVE_FORMAT_EXTENSIBLE.
 * Own code because the general decoders scale positive samples by 1 / (2^(bits - 1) - 1).
 * @returns the audio, or why the file is not readable.
 */
export const readWav = (bytes: Uint8Array): DecodedAudio | string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = listChunks(view);
  const formatChunk = chunks.get("fmt ");
  const data = chunks.get("data");
  if (formatChunk === undefined || data === undefined) {
    return `the file is corrupt or cut off: it has no ${formatChunk === undefined ? "format" : "data"} chunk`;
  }
  const format = readFormat(view, formatChunk);
  if (typeof format === "string") return format;
  const present = bytes.length - data.start;
  if (data.size < unknownLength && data.size > present) {
    return `the file is cut off: its header promises ${data.size} bytes of samples and ${present} follow`;
  }
  return readSamples(new DataView(bytes.buffer, bytes.byteOffset + data.start, Math.min(data.size, present)), format);
};

interface Chunk {
  readonly start: number;
  readonly size: number;
}

const listChunks = (view: DataView): ReadonlyMap<string, Chunk> => {
  const chunks = new Map<string, Chunk>();
  let offset = 12; // "RIFF", size, "WAVE"
  while (offset + 8 <= view.byteLength) {
    const id = String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(offset + index)));
    const size = view.getUint32(offset + 4, true);
    if (!chunks.has(id)) chunks.set(id, { start: offset + 8, size });
    offset += 8 + size + (size % 2);
  }
  return chunks;
};

const readFormat = (view: DataView, { start, size }: Chunk): Format | string => {
  if (size < 16 || start + size > view.byteLength) return "the file is corrupt: its format chunk is too short";
  const tag = view.getUint16(start, true);
  if (tag === extensible && size < 40) return "the file is corrupt: its format chunk is too short";
  const encoding = tag === extensible ? view.getUint16(start + 24, true) : tag;
  const channels = view.getUint16(start + 2, true);
  const sampleRateHz = view.getUint32(start + 4, true);
  const bytesPerFrame = view.getUint16(start + 12, true);
  if (channels === 0 || bytesPerFrame === 0 || bytesPerFrame % channels !== 0) {
    return `the file is corrupt: its header gives ${channels} channels in ${bytesPerFrame} bytes`;
  }
  const bytesPerSample = bytesPerFrame / channels;
  const readSample = readers.get(`${encoding}/${bytesPerSample}`);
  if (readSample === undefined) {
    const bits = view.getUint16(start + 14, true);
    return `its WAV encoding (format ${encoding}, ${bits} bits) is not supported; expected PCM of 8, 16, 24 or 32 bits or float of 32 or 64`;
  }
  return { channels, sampleRateHz, bytesPerSample, readSample };
};

const readSamples = (data: DataView, { channels, sampleRateHz, bytesPerSample, readSample }: Format): DecodedAudio => {
  const bytesPerFrame = channels * bytesPerSample;
  const frames = Math.floor(data.byteLength / bytesPerFrame);
  const readChannel = (channel: number): Float32Array => {
    const samples = new Float32Array(frames);
    for (let frame = 0; frame < frames; frame++) {
      samples[frame] = readSample(data, frame * bytesPerFrame + channel * bytesPerSample);
    }
    return samples;
  };
  return { channels: Array.from({ length: channels }, (_, channel) => readChannel(channel)), sampleRateHz };
};
