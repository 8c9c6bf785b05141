/** What turns a codec's packets into samples, wherever the packets lie. */
export interface PacketDecoder {
  /** @returns the samples that these packets complete, one array per channel; @throws AudioFault where a packet is corrupt */
  readonly decode: (packets: readonly Uint8Array[]) => Promise<readonly Float32Array[]>;
  readonly free: () => void;
}

/** A codec's header packets, read. */
export interface PacketCodec {
  readonly format: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Samples at the start that are not part of the recording. */
  readonly preSkip: number;
  readonly open: () => Promise<PacketDecoder>;
}
