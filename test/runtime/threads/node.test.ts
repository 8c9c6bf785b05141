import { expect, test, vi } from "vitest";
import { nodeThreads, startAhead } from "../../../runtime/threads/node.ts";

test("a thread that cannot load, started ahead: who starts it is told, and nobody else", async () => {
  const module = "no-such-module";
  startAhead(module, {});
  // Long after that: an error which nobody hears would have ended the process.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const onStop = vi.fn<(reason: string) => void>();
  const thread = nodeThreads.start(module, { data: null, onMessage: () => undefined, onStop });
  await vi.waitFor(() =>
    expect(onStop).toHaveBeenCalledWith(expect.stringMatching(/^Cannot find module .*no-such-module\.js'/)),
  );
  await thread.end();
});
