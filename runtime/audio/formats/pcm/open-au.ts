import { AudioFault } from "../audio-fault.ts";
import { type AudioStream, type AudioTools, sizeNote } from "../audio-stream.ts";
import { type ByteSource, textOf, viewOf } from "../byte-source.ts";
import { aLaw, floatEncoding, integerEncoding, muLaw, type SampleEncoding } from "./sample-encoding.ts";
import { interleaved, requireChannels, streamPackets } from "./stream-packets.ts";

const encodings: ReadonlyMap<number, (isLittle: boolean) => SampleEncoding> = new Map<
  number,
  (isLittle: boolean) => SampleEncoding
>([
  [1, () => muLaw],
  [2, (isLittle) => integerEncoding(1, isLittle)],
  [3, (isLittle) => integerEncoding(2, isLittle)],
  [4, (isLittle) => integerEncoding(3, isLittle)],
  [5, (isLittle) => integerEncoding(4, isLittle)],
  [6, (isLittle) => floatEncoding(4, isLittle)],
  [7, (isLittle) => floatEncoding(8, isLittle)],
  [27, () => aLaw],
]);

const unknownLength = 0xffff_ffff;

/**
 * Sun's and NeXT's AU, of PCM, float, A-law and mu-law.
 * @returns undefined where it is not, or of another encoding
 * @throws AudioFault
 */
export const openAu = async (source: ByteSource, tools: AudioTools): Promise<AudioStream | undefined> => {
  const head = await source.read(0, 24);
  const magic = textOf(head, 0, 4);
  if ((magic !== ".snd" && magic !== "dns.") || head.length < 24) return undefined;
  const isLittle = magic === "dns.";
  const word = (index: number): number => viewOf(head).getUint32(4 * index, isLittle);
  const [start, size, sampleRateHz, channels] = [word(1), word(2), word(4), word(5)];
  const encoding = encodings.get(word(3))?.(isLittle);
  if (encoding === undefined) return undefined;
  requireChannels(channels);
  if (start < 24) throw new AudioFault(`the file is corrupt: its header has ${start} bytes; expected 24 or more`);
  const present = Math.max(0, source.size - start);
  const isUnknown = size === unknownLength || size === 0;
  if (!isUnknown && size > present) tools.note(sizeNote);
  const { name, ...packets } = interleaved(encoding, channels);
  return streamPackets(
    source,
    {
      sampleRateHz,
      channels,
      start,
      end: start + (isUnknown ? present : Math.min(size, present)),
      format: `AU, ${name}`,
      ...packets,
    },
    tools,
  );
};
