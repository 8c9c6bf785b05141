/** What the page says of failures. */
import { MicrophoneProblem } from "./microphone.ts";

/** By a failure's code, what a user of the page can do. */
const advice: Readonly<Record<string, string>> = {
  "data-file-missing": "Choose both files together.",
  "data-file-foreign": "Choose the two files that were written together.",
  "not-onnx": "Choose a graph.onnx that specgraph has compiled or trained.",
  "graph-unsupported": "Choose a graph.onnx that specgraph has compiled or trained.",
  "model-closed": "Another has been opened, or another device chosen, meanwhile: hear it again with that.",
  "starts-at-features": "Choose one that starts at waveforms, as specs are compiled by default.",
};

/** What the library says of a thread whose code the browser has not got: the page has outlived its server, or its network. */
const unloaded = /its module cannot be loaded$/;

const sentence = (text: string): string => {
  const first = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
};

/** A failure as a sentence or two: the library's own, by their codes, or a defect. */
export const describeProblem = (error: unknown): string => {
  if (error instanceof MicrophoneProblem) return error.message;
  if (!(error instanceof Error)) return `The page has a defect: ${String(error)}`;
  if (unloaded.test(error.message))
    return "A part of the page cannot be loaded. Is the server that it came from still running, and the device online?";
  // The library is a bundle of its own, so that its class is not this one's.
  if (error.name !== "UserError" || !("code" in error)) return `The page has a defect: ${sentence(error.message)}`;
  const help = advice[String(error.code)];
  // What lies beside the page is told by its path.
  const told = error.message.replaceAll(document.baseURI, "").replace(/\.?$/, ".");
  return help === undefined ? told : `${told} ${help}`;
};

/** Such as 0.94. */
export const formatScore = (score: number): string => score.toFixed(2);

/** Such as 3.2 s, 1:05 min, 2:10:05 h. */
export const formatSeconds = (seconds: number): string => {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)} h` : `${minutes}:${two(whole % 60)} min`;
};
