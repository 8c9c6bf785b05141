/** A mono WAV file of 16-bit samples; what lies outside [-1, 1) is clipped. */
export const encodeWav = (samples: Float32Array, sampleRateHz: number): Buffer => {
  const headerBytes = 44;
  const file = Buffer.alloc(headerBytes + 2 * samples.length);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16); // length of the format chunk
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(sampleRateHz, 24);
  file.writeUInt32LE(2 * sampleRateHz, 28); // bytes per second
  file.writeUInt16LE(2, 32); // bytes per frame
  file.writeUInt16LE(16, 34); // bits per sample
  file.write("data", 36, "latin1");
  file.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, index) => {
    file.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), headerBytes + 2 * index);
  });
  return file;
};
