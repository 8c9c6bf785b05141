import type { Sound } from "./dataset.ts";
import { type Random, randomOf } from "./random.ts";

/** The rate and length of every embedded sound. */
export const soundRateHz = 16_000;
export const soundSeconds = 1;

/** A sound's sample at a time since its onset; called for each sample once, in order. */
type Voice = (seconds: number) => number;

/** One maker of voices per class; whatever it draws from `random` varies from sound to sound. */
const voices: Readonly<Record<string, (random: Random, seconds: number) => Voice>> = {
  tone: (random) => {
    const pitchHz = logUniform(random, 200, 2000);
    return (t) => sine(pitchHz * t);
  },
  "rising chirp": (random, seconds) => chirp(random, seconds, "rising"),
  "falling chirp": (random, seconds) => chirp(random, seconds, "falling"),
  noise: (random) => () => random.uniform(-1, 1),
  clicks: (random) => {
    const periodSeconds = 1 / random.uniform(4, 12);
    return (t) => random.uniform(-1, 1) * Math.exp(-(t % periodSeconds) / 0.002);
  },
  buzz: (random) => {
    const pitchHz = logUniform(random, 60, 200);
    return (t) => 2 * ((pitchHz * t) % 1) - 1; // a sawtooth
  },
  siren: (random) => {
    const pitchHz = logUniform(random, 600, 1200);
    const sweepHz = random.uniform(2, 5);
    const sweepCycles = (0.4 * pitchHz) / (2 * Math.PI * sweepHz); // the pitch swings by 40 %
    return (t) => sine(pitchHz * t + sweepCycles * sine(sweepHz * t));
  },
  bell: (random) => {
    const pitchHz = logUniform(random, 300, 800);
    const decaySeconds = random.uniform(0.3, 0.6);
    const partials = [1, 2.76, 5.4, 8.93]; // of a free bar
    return (t) =>
      partials.reduce(
        (sum, ratio) => sum + (sine(pitchHz * ratio * t) / ratio ** 0.5) * Math.exp((-t * ratio ** 0.5) / decaySeconds),
        0,
      );
  },
  "pulsing noise": (random) => {
    const pulseHz = random.uniform(4, 10);
    return (t) => random.uniform(-1, 1) * (0.5 - 0.5 * Math.cos(2 * Math.PI * pulseHz * t));
  },
  doorbell: (random, seconds) => {
    const pitchHz = logUniform(random, 500, 1000);
    const noteSeconds = seconds / 4; // ding, dong, ding, dong: a fifth down and back
    return (t) => {
      const isDong = Math.floor(t / noteSeconds) % 2 === 1;
      return sine((isDong ? 2 / 3 : 1) * pitchHz * t) * Math.exp(-(t % noteSeconds) / 0.1);
    };
  },
};

/** The classes of the embedded sounds. */
export const soundKinds: readonly string[] = Object.keys(voices);

/**
 * One second of sound at 16 kHz in [-1, 1]: the voice of its class, with its own pitch, duration, onset and level, in background noise.
 * The same sound always gives the same samples.
 */
export const synthesise = ({ kind, index, seed }: Sound): Float32Array<ArrayBuffer> => {
  const makeVoice = voices[kind];
  if (makeVoice === undefined) throw new Error(`there is no embedded sound "${kind}"`);
  const random = randomOf(seed, soundKinds.indexOf(kind), index);
  const seconds = random.uniform(0.5, 0.9);
  const onset = Math.floor(random.uniform(0, soundSeconds - seconds) * soundRateHz);
  const level = decibels(random.uniform(-36, -18));
  const voice = withLevel(level, playVoice(makeVoice(random, seconds), seconds));
  const background = withLevel(level * decibels(random.uniform(-35, -16)), backgroundNoise(random));
  return background.map((noise, index) => Math.max(-1, Math.min(1, noise + (voice[index - onset] ?? 0))));
};

/** The voice from its onset on, its ends faded over 10 ms. */
const playVoice = (voice: Voice, seconds: number): Float32Array<ArrayBuffer> => {
  const length = Math.floor(seconds * soundRateHz);
  const fade = 0.01 * soundRateHz;
  return new Float32Array(length).map(
    (_, index) => voice(index / soundRateHz) * Math.min(1, (index + 1) / fade, (length - index) / fade),
  );
};

/** From white to brownish: noise through a one-pole low-pass. */
const backgroundNoise = (random: Random): Float32Array<ArrayBuffer> => {
  const memory = random.uniform(0, 0.95);
  let last = 0;
  return new Float32Array(soundSeconds * soundRateHz).map(() => {
    last = memory * last + random.uniform(-1, 1);
    return last;
  });
};

/** Scaled to a root mean square. */
const withLevel = (level: number, samples: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> => {
  const power = samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length;
  return samples.map((sample) => (sample * level) / Math.sqrt(power));
};

const chirp = (random: Random, seconds: number, direction: "rising" | "falling"): Voice => {
  const lowHz = logUniform(random, 200, 600);
  const highHz = logUniform(random, 1500, 4000);
  const [fromHz, toHz] = direction === "rising" ? [lowHz, highHz] : [highHz, lowHz];
  return (t) => sine(fromHz * t + ((toHz - fromHz) * t ** 2) / (2 * seconds));
};

const sine = (cycles: number): number => Math.sin(2 * Math.PI * cycles);
const decibels = (level: number): number => 10 ** (level / 20);
const logUniform = (random: Random, from: number, to: number): number =>
  Math.exp(random.uniform(Math.log(from), Math.log(to)));
