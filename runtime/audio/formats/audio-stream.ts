/** A file of sound, opened: its header is read, its samples are decoded when they are asked for. */
export interface AudioStream {
  /** For people: "WAV, 16-bit PCM". */
  readonly format: string;
  /** Undefined where only decoding would tell. */
  readonly sampleRateHz: number | undefined;
  readonly channels: number | undefined;
  /** How many samples each channel has in the whole file; undefined where only decoding would tell. */
  readonly countFrames: () => Promise<number | undefined>;
  /**
   * The samples in their order, block by block; a block is lent, until the next is asked for. Leaving it early stops the decoder.
   * @throws AudioFault where the file is corrupt or cut off
   */
  readonly decode: () => AsyncGenerator<AudioBlock, void, undefined>;
}

/** One array per channel, all of one length; [-1, 1) for integer formats: value / 2^(bits - 1). */
export interface AudioBlock {
  readonly channels: readonly Float32Array[];
  readonly sampleRateHz: number;
}

/** What the opening of a file may need from its surroundings. */
export interface AudioTools {
  /** Told what is odd about a file that is read all the same, in a clause that fits every file of the kind. */
  readonly note: (clause: string) => void;
  /** A running MD5, for formats that carry one of their samples; without it that check is left out. */
  readonly createMd5?: () => Md5;
}

export interface Md5 {
  readonly update: (bytes: Uint8Array) => unknown;
  /** @returns the digest in hexadecimal */
  readonly digest: (encoding: "hex") => string;
}

/** What is said of a file whose stated length is not its own. */
export const sizeNote = "the size in the header is not that of the samples; all that is there was read";
/** What is said of a file that stops without saying that it ends. */
export const unendedNote = "the file has no mark of its end, so it may have been cut off; all that is there was read";
