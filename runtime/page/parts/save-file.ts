/** Files that the page gives. */
import { element } from "./elements.ts";

/** Has the browser save a file, as after a click on a link to it. */
export const saveFile = (name: string, content: Blob): void => {
  const url = URL.createObjectURL(content);
  element("a", { href: url, download: name }).click();
  // The browser has opened it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

const cell = (value: string | number): string => {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** RFC 4180. */
export const csvOf = (rows: readonly (readonly (string | number)[])[]): Blob =>
  new Blob([rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")], { type: "text/csv" });

const headerBytes = 58;
const float32Coding = 3;

/** A WAV file of one channel of float32: the very samples that the model was given. */
export const wavOf = (samples: Float32Array<ArrayBuffer>, sampleRateHz: number): Blob => {
  const header = new DataView(new ArrayBuffer(headerBytes));
  const name = (at: number, text: string): void =>
    new TextEncoder().encode(text).forEach((letter, index) => header.setUint8(at + index, letter));
  name(0, "RIFF");
  header.setUint32(4, headerBytes - 8 + samples.byteLength, true);
  name(8, "WAVEfmt ");
  header.setUint32(16, 18, true); // length of the format chunk
  header.setUint16(20, float32Coding, true);
  header.setUint16(22, 1, true); // channels
  header.setUint32(24, sampleRateHz, true);
  header.setUint32(28, 4 * sampleRateHz, true); // bytes per second
  header.setUint16(32, 4, true); // bytes per frame
  header.setUint16(34, 32, true); // bits per sample
  name(38, "fact");
  header.setUint32(42, 4, true);
  header.setUint32(46, samples.length, true);
  name(50, "data");
  header.setUint32(54, samples.byteLength, true);
  return new Blob([header, samples], { type: "audio/wav" });
};
