/** Programs that record: one row for each way in which a system lets them. */

/** Of what all of them give: samples of 16 bits, the low byte first, of one channel. */
export const recordedRateHz = 48_000;

export interface Recorder {
  readonly program: "ffmpeg" | "arecord" | "sox";
  /** What of the system it asks, for people. */
  readonly system: string;
  /** @param device as the system names it */
  readonly args: (device: string) => readonly string[];
  /** The device where none is named; undefined where one must be. */
  readonly usual: string | undefined;
  readonly environment?: (device: string) => Readonly<Record<string, string>>;
}

const rate = String(recordedRateHz);

/** https://ffmpeg.org/ffmpeg-devices.html; what is recorded is written at once. */
const ffmpeg = (system: string, usual: string | undefined, input: (device: string) => readonly string[]): Recorder => ({
  program: "ffmpeg",
  system,
  usual,
  args: (device) => [
    ..."-nostdin -hide_banner -nostats -loglevel error".split(" "),
    ...input(device),
    ...`-ac 1 -ar ${rate} -f s16le -flush_packets 1 pipe:1`.split(" "),
  ],
});

const arecord: Recorder = {
  program: "arecord",
  system: "ALSA",
  usual: "default",
  args: (device) => ["-q", "-D", device, "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", rate, "-"],
};

/** `-d` is the device that AUDIODEV names. */
const sox = (system: string): Recorder => ({
  program: "sox",
  system,
  usual: "default",
  args: () => `-q -d -t raw -e signed -b 16 -L -c 1 -r ${rate} -`.split(" "),
  environment: (device) => (device === "default" ? {} : { AUDIODEV: device }),
});

/** By what Node.js calls the platform, those first that are tried first. */
const recorders: Readonly<Record<string, readonly Recorder[]>> = {
  linux: [
    ffmpeg("PulseAudio", "default", (device) => ["-f", "pulse", "-fragment_size", "4800", "-i", device]),
    ffmpeg("ALSA", "default", (device) => ["-f", "alsa", "-i", device]),
    arecord,
    sox("ALSA"),
  ],
  darwin: [
    ffmpeg("AVFoundation", "default", (device) => ["-f", "avfoundation", "-i", `:${device}`]),
    sox("Core Audio"),
  ],
  win32: [
    ffmpeg("DirectShow", undefined, (device) => ["-f", "dshow", "-audio_buffer_size", "50", "-i", `audio=${device}`]),
    sox("Windows"),
  ],
};

export const recordersOf = (platform: string): readonly Recorder[] => recorders[platform] ?? [sox("the system")];

/** The first microphone that ffmpeg lists of DirectShow, which has no default one. */
export const listDirectShow = "-hide_banner -list_devices true -f dshow -i dummy".split(" ");
export const firstDirectShowDevice = (listed: string): string | undefined => {
  const [, audioAlone] = listed.split("DirectShow audio devices");
  return /"([^"]+)" \(audio\)/.exec(listed)?.[1] ?? /"([^"@]+)"/.exec(audioAlone ?? "")?.[1];
};
