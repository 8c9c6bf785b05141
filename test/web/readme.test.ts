/** The README's pages: what they show is what `runtime infer` says. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, createServer, type InlineConfig } from "vite";
import { createHomeProject, type HomeProject, snippet } from "../homes/home-project.ts";
import { chromiumPath, launchChromium } from "./chromium.ts";
import { engineFolder } from "./bundle-page.ts";
import { serveFiles } from "./serve-files.ts";
import { visit } from "./visit.ts";

interface Plain {
  readonly classify: (file: Blob) => Promise<readonly { readonly label: string; readonly score: number }[]>;
}

const clips = ["clip.wav", "rain.wav", "wren.wav"];

let browser: Browser;
let project: HomeProject;
let expected: readonly (readonly [label: string, score: number])[][];

describe.skipIf(chromiumPath === undefined)("the README", { timeout: 240_000 }, () => {
  beforeAll(async () => {
    browser = await launchChromium();
    project = createHomeProject();
    expected = project
      .infer("graph.onnx", ...clips)
      .map((scores) => Object.entries(scores).toSorted(([, one], [, other]) => other - one));
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    project.remove();
  });
  const at = (path: string): string => join(project.folder, path);

  /** Has the page's user choose the clips, and gives what is listed then. */
  const listed = (url: string): Promise<readonly string[]> =>
    visit(browser, url, async (page) => {
      await page.locator("input:enabled").setInputFiles(clips.map(at));
      await page
        .locator("li")
        .nth(clips.length - 1)
        .waitFor();
      return page.locator("li").allTextContents();
    });

  describe("the library's page in a project of Vite's", () => {
    const config = (): InlineConfig => ({
      root: at("site"),
      configFile: false,
      logLevel: "error",
      publicDir: at("public"),
    });
    beforeAll(() => {
      mkdirSync(at("site"));
      mkdirSync(at("public"));
      cpSync(at("graph.onnx"), at("public/graph.onnx"));
      const page = snippet("html", "specgraph/web").replace(
        "<!doctype html>",
        '<!doctype html><link rel="icon" href="data:,">',
      );
      writeFileSync(at("site/index.html"), page);
    });
    const labels = () => expected.map(([first]) => first?.[0]);

    test("built", async () => {
      await build(config());
      const server = await serveFiles([at("site/dist")], { isolated: true });
      expect(await listed(`${server.url}index.html`)).toEqual(labels());
      await server.close();
    });

    test("while it is written", async () => {
      const server = await createServer(config());
      await server.listen();
      const [url = ""] = server.resolvedUrls?.local ?? [];
      expect(await listed(url)).toEqual(labels());
      await server.close();
    });
  });

  test("onnxruntime-web alone", async () => {
    const { stdout } = project.run(
      process.execPath,
      "node_modules/specgraph/dist/runtime/cli.js",
      "inspect",
      "graph.onnx",
      "--json",
    );
    writeFileSync(at("graph.json"), stdout);
    const own = snippet("js", 'from "onnxruntime-web/webgpu"').replace(
      "onnxruntime-web/webgpu",
      "/ort.webgpu.bundle.min.mjs",
    );
    writeFileSync(at("page.js"), own);
    const server = await serveFiles([project.folder, engineFolder], { isolated: true });
    const answers = await visit(browser, server.url, async (page) => {
      await page.waitForFunction(() => "page" in globalThis);
      return page.evaluate(async (clips) => {
        const { classify } = (globalThis as unknown as { readonly page: Plain }).page;
        const answers = [];
        for (const clip of clips) answers.push(await classify(await (await fetch(clip)).blob()));
        return answers;
      }, clips);
    });
    await server.close();
    answers.forEach((scores, index) => {
      const right = new Map(expected[index]);
      for (const { label, score } of scores) expect(score).toBeCloseTo(right.get(label) ?? Number.NaN, 3);
    });
    expect(readFileSync(at("page.js"), "utf8").split("\n").length).toBeLessThan(45);
  });
});
