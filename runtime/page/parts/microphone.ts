/** The device's microphone, as it is: no browser's filter for speech is let at what a model is to hear. */

export interface Microphone {
  readonly sampleRateHz: number;
  /** Blocks of one channel, as they come. It ends when the microphone is closed, or gone. */
  readonly stream: ReadableStream<Float32Array<ArrayBuffer>>;
  readonly close: () => void;
  /** Whether it ended by itself, as one does that is unplugged. */
  readonly isGone: () => boolean;
}

/** Why there is no sound, for people. */
export class MicrophoneProblem extends Error {}

const reasons: Readonly<Record<string, string>> = {
  NotAllowedError: "The microphone is refused. Allow it for this page, beside its address, and press the button again.",
  NotFoundError: "This device has no microphone.",
  NotReadableError: "The microphone gives no sound: another program may be using it.",
};

const constraints: MediaStreamConstraints = {
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};

const ask = async (): Promise<MediaStream> => {
  const { mediaDevices } = navigator as { readonly mediaDevices?: MediaDevices };
  if (!mediaDevices)
    throw new MicrophoneProblem("Browsers give the microphone to pages that come by HTTPS or from this machine alone.");
  try {
    return await mediaDevices.getUserMedia(constraints);
  } catch (error) {
    const { name, message } = error as DOMException;
    throw new MicrophoneProblem(reasons[name] ?? `The microphone gives no sound: ${message}`, { cause: error });
  }
};

/** @throws MicrophoneProblem where it is refused, or there is none */
export const openMicrophone = async (): Promise<Microphone> => {
  const media = await ask();
  const context = new AudioContext();
  const close = (): void => {
    for (const track of media.getTracks()) track.stop();
    if (context.state !== "closed") void context.close();
  };
  try {
    // It is resampled as files are, by the model's own rule: the context keeps the device's rate.
    await context.audioWorklet.addModule(new URL("./microphone-worklet.js", document.baseURI));
    const recorder = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    context.createMediaStreamSource(media).connect(recorder);
    await context.resume();
    let end: () => void = close;
    let [isEnded, isGone] = [false, false];
    const stream = new ReadableStream<Float32Array<ArrayBuffer>>({
      start: (controller) => {
        end = () => {
          if (!isEnded) controller.close();
          isEnded = true;
          close();
        };
        recorder.port.addEventListener("message", ({ data }: MessageEvent<Float32Array<ArrayBuffer>>) => {
          if (!isEnded) controller.enqueue(data);
        });
        recorder.port.start();
        for (const track of media.getTracks())
          track.addEventListener("ended", () => {
            isGone = true;
            end();
          });
      },
      cancel: () => {
        isEnded = true;
        close();
      },
    });
    return { sampleRateHz: context.sampleRate, stream, close: () => end(), isGone: () => isGone };
  } catch (error) {
    close();
    throw error;
  }
};
