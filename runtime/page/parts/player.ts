import { element } from "./elements.ts";

export interface Player {
  readonly root: HTMLAudioElement;
  /** Plays a stretch, and stops at its end. */
  readonly play: (startSeconds: number, endSeconds: number) => void;
  /** Frees what the browser keeps for it. */
  readonly close: () => void;
}

/** @param onTime told where it plays, as it goes on */
export const createPlayer = (
  name: string,
  sound: Blob,
  onTime: (seconds: number) => void = () => undefined,
): Player => {
  const url = URL.createObjectURL(sound);
  const root = element("audio", { controls: true, preload: "metadata", src: url, "aria-label": `Play ${name}` });
  let end = Infinity;
  const follow = (): void => {
    onTime(root.currentTime);
    if (root.currentTime >= end) root.pause();
    if (!root.paused) requestAnimationFrame(follow);
  };
  root.addEventListener("play", follow);
  root.addEventListener("seeked", () => onTime(root.currentTime));
  root.addEventListener("pause", () => void (end = Infinity));
  return {
    root,
    play: (startSeconds, endSeconds) => {
      root.currentTime = startSeconds;
      end = endSeconds;
      void root.play();
    },
    close: () => {
      root.pause();
      root.removeAttribute("src");
      URL.revokeObjectURL(url);
    },
  };
};
