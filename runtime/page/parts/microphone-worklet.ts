/** In the thread of the sound: hands the microphone's samples on, mixed down, in blocks that are worth a message. */

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare const registerProcessor: (name: string, processor: new () => AudioWorkletProcessor) => void;

const blockSamples = 2048;

// A processor is a class: the browser makes one.
registerProcessor(
  "microphone",
  class extends AudioWorkletProcessor {
    private block = new Float32Array(blockSamples);
    private filled = 0;

    process([channels = []]: readonly (readonly Float32Array[])[]): boolean {
      const length = channels[0]?.length ?? 0;
      for (let index = 0; index < length; index++) {
        let sum = 0;
        for (const channel of channels) sum += channel[index] ?? 0;
        this.block[this.filled++] = sum / channels.length;
        if (this.filled < blockSamples) continue;
        this.port.postMessage(this.block, [this.block.buffer]);
        [this.block, this.filled] = [new Float32Array(blockSamples), 0];
      }
      return true;
    }
  },
);
