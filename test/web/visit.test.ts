/** What a page may not do fails its test. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launchChromium } from "./chromium.ts";
import { type FileServer, serveFiles } from "./serve-files.ts";
import { visit } from "./visit.ts";
import { temporaryFolder } from "../runtime/audio/temporary-folder.ts";

let browser: Browser;

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  const run = async (script: string): Promise<unknown> => {
    const server: FileServer = await serveFiles([temporaryFolder({ "page.js": "" })], { isolated: true });
    try {
      return await visit(browser, server.url, (page) => page.evaluate(script));
    } finally {
      await server.close();
    }
  };

  test.each([
    ["logs an error", "console.error('oh')", "console: oh"],
    ["logs one in a worker", "inWorker(`console.error('oh')`)", "console: oh"],
    ["asks another origin", "fetch('https://example.invalid/a').catch(() => 0)", "request: https://example.invalid/a"],
    [
      "has a worker ask it",
      "inWorker(`fetch('https://example.invalid/a').catch(() => 0)`)",
      "request: https://example.invalid/a",
    ],
  ])("one that %s", async (_, script, message) => {
    const inWorker = `const inWorker = (text) => new Promise((resolve) => {
      const url = URL.createObjectURL(new Blob([text + "; setTimeout(() => postMessage(0), 500)"]));
      new Worker(url).addEventListener("message", resolve, { once: true });
    }).then(() => 0);`;
    await expect(run(`(() => { ${inWorker} return ${script}; })()`)).rejects.toThrow(message);
  });

  test("another is let be", async () => {
    expect(await run("console.log('fine'), 1")).toBe(1);
  });
});
