import { extname } from "node:path";

/** What files of sound are called, and of video, whose sound is read: of the formats read here, and of those that ffmpeg reads. */
const extensions: ReadonlySet<string> = new Set(
  [
    "wav wave bwf rf64 w64 aif aiff aifc afc caf au snd flac mp1 mp2 mp3 mpga ogg oga ogx opus spx",
    "m4a m4b m4r mp4 aac adts 3gp 3ga 3g2 amr awb webm weba mka mkv wma asf ac3 eac3 ec3 dts ape wv tta mpc tak shn",
    "ra ram rm gsm vox voc sph nist dsf dff qcp mov avi ogv mpg mpeg m4v wmv flv ts mts m2ts",
  ].flatMap((line) => line.split(" ")),
);

/** Whether a file's name says that it holds sound; whether it can be read, only its bytes say. */
export const isAudioName = (name: string): boolean => extensions.has(extname(name).slice(1).toLowerCase());
