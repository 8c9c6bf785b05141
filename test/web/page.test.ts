/** The page of `runtime serve`, in Chromium, as its server gives it: what it shows is what Node.js hears. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelCost } from "../../compiler/artifact/cost.ts";
import { metadataKey } from "../../compiler/artifact/metadata.ts";
import { decodeOnnx, encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import { compile } from "../../compiler/compile.ts";
import { readArtifact } from "../../runtime/artifact/read-artifact.ts";
import { encodeWav } from "../../runtime/audio/encode-wav.ts";
import { resample } from "../../runtime/audio/resample.ts";
import { randomOf } from "../../runtime/data/random.ts";
import { soundRateHz, synthesise } from "../../runtime/data/synthesise.ts";
import { open } from "../../runtime/library/open.ts";
import type { Model } from "../../runtime/library/model.ts";
import { servedFiles } from "../../runtime/serve/served-files.ts";
import { type Server, startServer } from "../../runtime/serve/start-server.ts";
import { chromiumPath, launchChromium } from "./chromium.ts";
import { visit } from "./visit.ts";

const folder = mkdtempSync(join(tmpdir(), "specgraph-page-"));
const pathOf = (name: string): string => join(folder, name);
const rateHz = 44_100;
const tolerance = 1e-4;

let browser: Browser;
let server: Server;
let node: Model;

const sirens = (count: number): Float32Array =>
  resample(
    Float32Array.from(
      Array.from({ length: count }, (_, index) => [...synthesise({ kind: "siren", index, seed: 7 })]).flat(),
    ),
    { fromHz: soundRateHz, toHz: rateHz },
  );

/** A second of noise, or of a high tone. */
const sound = (name: string, index: number): Float32Array => {
  const random = randomOf(name.length, index);
  const [level, hz] = [random.uniform(0.1, 0.4), random.uniform(1500, 4000)];
  return new Float32Array(16_000).map(
    (_, at) => level * (name === "hiss" ? random.uniform(-1, 1) : Math.sin((2 * Math.PI * hz * at) / 16_000)),
  );
};
const soundsOf = (name: string): readonly string[] =>
  Array.from({ length: 8 }, (_, index) => pathOf(`${name}-${index}.wav`));

/** Graphs that the page refuses. */
const writeRefused = (graph: string): void => {
  const { trainingInfo: _, ...untrained }: onnx.IModelProto = decodeOnnx(readFileSync(graph));
  writeFileSync(pathOf("untrained.onnx"), encodeOnnx(untrained));
  const key = metadataKey("cost");
  const properties = untrained.metadataProps ?? [];
  const cost = JSON.parse(properties.find((property) => property.key === key)?.value ?? "") as ModelCost;
  const value = JSON.stringify({ ...cost, inference: { ...cost.inference, peakBytes: [6e9] } });
  const metadataProps = properties.map((property) => (property.key === key ? { key, value } : property));
  writeFileSync(pathOf("huge.onnx"), encodeOnnx({ ...untrained, metadataProps }));
  writeFileSync(pathOf("text.onnx"), "no graph at all");
};

/** Names two classes, and gives each clips. */
const nameClasses = async (page: Page, clips?: number): Promise<void> => {
  for (const [index, name] of ["hiss", "whistle"].entries()) {
    const group = page.getByRole("group", { name: `Class ${index + 1}` });
    await group.getByRole("textbox", { name: "Name" }).fill(name);
    await group.locator("input[type=file]").setInputFiles(soundsOf(name).slice(0, clips));
  }
};

/** Has something done on the page when its graph is open. */
const onPage = <Result>(act: (page: Page) => Promise<Result>, options: BrowserContextOptions = {}): Promise<Result> =>
  visit(
    browser,
    server.url,
    async (page) => {
      await page.getByText("Ready.", { exact: true }).waitFor();
      return act(page);
    },
    options,
  );

const choose = (page: Page, ...names: readonly string[]): Promise<void> =>
  page.setInputFiles("#hear-files", names.map(pathOf));

const heard = (page: Page, text: string | RegExp) => page.locator("article", { hasText: text }).last();

/** The classes and scores of a card's table. */
const scoresIn = async (page: Page): Promise<ReadonlyMap<string, number>> => {
  const rows = await page.locator("article table tbody tr").evaluateAll((found) =>
    found.map((row) => {
      const label = row.querySelector("th")?.textContent ?? "";
      return [label, Number(row.querySelector<HTMLDataElement>("td:last-child data")?.value)] as const;
    }),
  );
  return new Map(rows);
};

/** What a button has the browser save. */
const saved = async (page: Page, name: string): Promise<string> => {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
  return download.path();
};

const tableOf = (path: string): readonly (readonly string[])[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));

/** The windows of a page's table are those that Node.js hears, as far as they were not left out. */
const expectWindows = async (path: string, recording: string, windowSeconds: number, hopSeconds: number) => {
  const [header, ...rows] = tableOf(path);
  expect(header).toStrictEqual(["start", "end", ...node.metadata.classes]);
  const expected = new Map<string, Float32Array>();
  for await (const { startSeconds, scores } of node.listen(recording, { windowSeconds, hopSeconds }))
    expected.set(startSeconds.toFixed(6), scores);
  for (const [start, , ...scores] of rows) {
    const own = expected.get(Number(start).toFixed(6));
    expect(own).toBeDefined();
    scores.forEach((score, index) =>
      expect(Math.abs(Number(score) - (own?.[index] ?? Number.NaN))).toBeLessThan(tolerance),
    );
  }
  return rows.length;
};

/** A page's document as it stands, in a page of its own: what changes it no longer runs. */
const stillCopy = async (page: Page): Promise<Page> => {
  const document = await page.evaluate(() => {
    const copy = globalThis.document.documentElement.cloneNode(true) as HTMLElement;
    for (const script of copy.querySelectorAll("script")) script.remove();
    return `<!doctype html>${copy.outerHTML}`;
  });
  const still = await page.context().newPage();
  await still.route(page.url(), (route) => route.fulfill({ contentType: "text/html", body: document }));
  await still.goto(page.url());
  return still;
};

/** What axe-core finds wrong with the page as it is. axe-core reads it in turns, between which a live page moves on. */
const violations = async (page: Page): Promise<readonly string[]> => {
  const still = await stillCopy(page);
  await still.evaluate(`${axe.source}; 0`);
  const found = await still.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      readonly axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
  await still.close();
  return found;
};

const scrollsSideways = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

describe.skipIf(chromiumPath === undefined)("the page", { timeout: 240_000 }, () => {
  beforeAll(async () => {
    const graph = pathOf("graph.onnx");
    compile({ spec: "spec/quickstart.ts", out: graph, input: "waveform" });
    writeFileSync(pathOf("siren.wav"), encodeWav(sirens(1), rateHz));
    writeFileSync(pathOf("sirens.wav"), encodeWav(sirens(4), rateHz));
    writeFileSync(pathOf("text.wav"), "no sound at all");
    for (const name of ["hiss", "whistle"])
      soundsOf(name).forEach((path, index) => writeFileSync(path, encodeWav(sound(name, index), 16_000)));
    writeRefused(graph);
    browser = await launchChromium(pathOf("sirens.wav"));
    server = await startServer(servedFiles(readArtifact(graph)), { host: "127.0.0.1", port: 0 });
    node = await open(graph, { device: "cpu" });
  }, 60_000);
  afterAll(async () => {
    await node.close();
    await server.close();
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test.each(["cpu", "webgpu"])("hears a clip on %s", async (device) => {
    const scores = await onPage(async (page) => {
      await page.selectOption("#device", device);
      await page.locator("#device:enabled").waitFor();
      await page.locator("#graph-facts", { hasText: device === "cpu" ? "WebAssembly" : "swiftshader" }).waitFor();
      await choose(page, "siren.wav");
      await heard(page, "heard by quickstart").waitFor();
      await page.getByRole("button", { name: "Attention" }).click();
      await page
        .getByRole("img", { name: /^siren\.wav: What the model sees; amber: where its attention lies/ })
        .waitFor();
      await page.getByRole("button", { name: "Attention", pressed: true }).click();
      await page.getByRole("img", { name: "Spectrogram of siren.wav" }).waitFor();
      return scoresIn(page);
    });
    const { top } = await node.classify(pathOf("siren.wav"), { top: 0 });
    expect(scores.size).toBe(top.length);
    for (const { label, score } of top)
      expect(Math.abs((scores.get(label) ?? Number.NaN) - score)).toBeLessThan(tolerance);
  });

  test("goes through a recording, and finds its events anew where the threshold moves", async () => {
    const windowSeconds = Math.min(node.metadata.mostSeconds, 10);
    await onPage(async (page) => {
      await choose(page, "sirens.wav");
      const card = heard(page, /heard by quickstart in \d+ windows/);
      await card.waitFor();
      const threshold = page.getByRole("slider", { name: /^Events from a score/ });
      await threshold.fill("0.95");
      await card.getByText("Events: 0", { exact: true }).waitFor();
      await threshold.fill("0.05");
      await card.getByText(/^Events: [1-9]/).waitFor();
      const [, ...events] = tableOf(await saved(page, "Save events"));
      const expected = new Set<string>();
      const options = { windowSeconds, hopSeconds: windowSeconds / 2, threshold: 0.05, merge: true };
      for await (const { startSeconds, label } of node.listen(pathOf("sirens.wav"), options))
        expected.add(`${startSeconds.toFixed(3)} ${label}`);
      expect(new Set(events.map(([start, , label]) => `${Number(start).toFixed(3)} ${label}`))).toStrictEqual(expected);
      const rows = await expectWindows(
        await saved(page, "Save scores"),
        pathOf("sirens.wav"),
        windowSeconds,
        windowSeconds / 2,
      );
      expect(rows).toBeGreaterThan(5);
    });
  });

  test("hears the microphone, whose sound it gives as it was", async () => {
    const windowSeconds = Math.min(node.metadata.mostSeconds, 10);
    const hopSeconds = 0.25;
    await onPage(
      async (page) => {
        // By the keyboard alone.
        await page.getByRole("button", { name: "Listen" }).focus();
        await page.keyboard.press("Enter");
        await page.getByText(/^Listening, .* behind/).waitFor();
        expect(await violations(page)).toStrictEqual([]);
        await page.waitForTimeout(1500);
        await page.getByRole("button", { name: "Stop" }).press("Enter");
        await page.getByRole("button", { name: "Save sound" }).waitFor();
        const scores = await saved(page, "Save scores");
        const sound = pathOf("microphone.wav");
        writeFileSync(sound, readFileSync(await saved(page, "Save sound")));
        expect(await expectWindows(scores, sound, windowSeconds, hopSeconds)).toBeGreaterThan(2);
      },
      { permissions: ["microphone"] },
    );
  });

  test("says what is wrong with what it is given", async () => {
    await onPage(async (page) => {
      await choose(page, "text.wav");
      await heard(page, "text.wav: ").waitFor();
      const problem = page.locator("article [role=alert]");
      expect(await problem.textContent()).toMatch(/^text\.wav: .+\.$/);
      const refused = async (name: string): Promise<string | null> => {
        await page.setInputFiles("#graph-files", pathOf(name));
        await page.locator("#graph-problem:not([hidden])", { hasText: name }).waitFor();
        return page.locator("#graph-problem").textContent();
      };
      expect(await refused("text.onnx")).toBe(
        "text.onnx: not an ONNX file. Choose a graph.onnx that specgraph has compiled or trained.",
      );
      expect(await refused("huge.onnx")).toBe(
        "huge.onnx: needs about 7.2 GB of memory, and a browser's tab has 4.3 GB at most for it.",
      );
      expect(await page.locator("#graph-state").textContent()).toBe("Ready, with the graph of before.");
      // It goes on with what it has.
      await choose(page, "siren.wav");
      await heard(page, "heard by quickstart").waitFor();
    });
  });

  test("says that the microphone is refused", async () => {
    await onPage(async (page) => {
      await page.getByRole("button", { name: "Listen" }).click();
      await page.locator("#hear-problem:not([hidden])").waitFor();
      expect(await page.locator("#hear-problem").textContent()).toBe(
        "The microphone is refused. Allow it for this page, beside its address, and press the button again.",
      );
      await page.getByRole("button", { name: "Listen" }).waitFor();
    });
  });

  test("goes on with another graph", async () => {
    await onPage(async (page) => {
      await page.setInputFiles("#graph-files", pathOf("graph.onnx"));
      await page.locator("#device:enabled").waitFor();
      await choose(page, "siren.wav");
      await heard(page, "heard by quickstart").waitFor();
      expect(await page.title()).toBe("quickstart – specgraph");
    });
  });

  test("hears what waits with the graph that is opened meanwhile", async () => {
    await onPage(async (page) => {
      const names = [...soundsOf("hiss"), ...soundsOf("whistle")];
      const files = [...names, ...names];
      await page.setInputFiles("#hear-files", files);
      await heard(page, "heard by").waitFor();
      await page.setInputFiles("#graph-files", pathOf("graph.onnx"));
      await page.waitForFunction(
        (count) =>
          [...document.querySelectorAll("article")].filter((card) => /heard by|is closed/.test(card.textContent ?? ""))
            .length === count,
        files.length,
        { timeout: 60_000 },
      );
      // The one that is being heard at that moment is told of it.
      expect(await page.locator("article", { hasText: "the model is closed" }).count()).toBeLessThanOrEqual(1);
    });
  });

  test("says that there is no microphone", async () => {
    const bare = await launchChromium(null);
    const told = await visit(
      bare,
      server.url,
      async (page) => {
        await page.getByText("Ready.", { exact: true }).waitFor();
        await page.getByRole("button", { name: "Listen" }).click();
        await page.locator("#hear-problem:not([hidden])").waitFor();
        return page.locator("#hear-problem").textContent();
      },
      { permissions: ["microphone"] },
    );
    await bare.close();
    expect(told).toBe("This device has no microphone.");
  });

  test("learns sounds, of which some are recorded, and goes on with what it has learnt", async () => {
    await onPage(
      async (page) => {
        await nameClasses(page);
        const group = page.getByRole("group", { name: "Class 2" });
        await group.getByRole("button", { name: /^Record / }).click();
        await group.getByText("9 clips").waitFor();
        await group.getByRole("button", { name: "Remove recorded 1.wav" }).click();
        await page.getByRole("spinbutton", { name: "Passes over the clips" }).fill("20");
        await page.getByRole("button", { name: "Train", exact: true }).click();
        await page.getByText(/^Step \d+ of 20; /).waitFor();
        // To close the tab asks, as long as it trains.
        const asked = page.waitForEvent("dialog");
        await page.evaluate(() => void setTimeout(() => location.reload()));
        const dialog = await asked;
        expect(dialog.type()).toBe("beforeunload");
        await dialog.dismiss();
        expect(await violations(page)).toStrictEqual([]);
        await page
          .getByText(/^Trained on WebAssembly; (9[5-9]|100) % of the held-out clips are told right\.$/)
          .waitFor();
        await page.getByRole("img", { name: "Loss" }).waitFor();
        expect(await violations(page)).toStrictEqual([]);

        const graph = pathOf("trained.onnx");
        writeFileSync(graph, readFileSync(await saved(page, "Download graph.onnx")));
        await page.getByRole("button", { name: "Use it here" }).click();
        await page.getByText("2 classes").waitFor();
        await choose(page, "hiss-0.wav");
        await heard(page, "heard by quickstart").waitFor();
        const scores = await scoresIn(page);
        const trained = await open(graph, { device: "cpu" });
        const { top } = await trained.classify(pathOf("hiss-0.wav"), { top: 0 });
        await trained.close();
        expect(top[0]?.label).toBe("hiss");
        for (const { label, score } of top)
          expect(Math.abs((scores.get(label) ?? Number.NaN) - score)).toBeLessThan(tolerance);
        // Nothing is asked once it is trained.
        await page.reload();
      },
      { permissions: ["microphone"] },
    );
  });

  test("says what a training lacks, is cancelled, and ends with what it has", async () => {
    await onPage(async (page) => {
      const train = page.getByRole("button", { name: "Train", exact: true });
      const problem = page.locator("#train-problem");
      await train.click();
      expect(await problem.textContent()).toBe("Name each class.");
      await nameClasses(page);
      const names = page.getByRole("textbox", { name: "Name" });
      await names.nth(1).fill("hiss");
      await train.click();
      expect(await problem.textContent()).toBe("Two classes are named hiss. Give each a name of its own.");
      await names.nth(1).fill("whistle");
      await page.getByRole("button", { name: "Add a class" }).click();
      await names.nth(2).fill("silence");
      await train.click();
      expect(await problem.textContent()).toBe("Give silence 2 clips or more, of which one is held out.");
      const third = page.getByRole("group", { name: "Class 3" });
      await third.locator("input[type=file]").setInputFiles([pathOf("text.wav"), pathOf("siren.wav")]);
      await train.click();
      await page.locator("#train-problem", { hasText: "text.wav: " }).waitFor();
      await third.getByRole("button", { name: "Remove class" }).click();
      await page.getByRole("spinbutton", { name: "Passes over the clips" }).fill("1000");
      await train.click();
      await page.getByText(/^Step \d+ of .* told right/).waitFor();
      await page.setInputFiles("#graph-files", pathOf("graph.onnx"));
      await page.locator("#device:disabled").waitFor();
      await page.locator("#device:enabled").waitFor();
      expect(await page.locator("#train-add").isDisabled()).toBe(true);
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByText(/^Ended after step \d+; /).waitFor();
      await page.getByRole("button", { name: "Download graph.onnx" }).waitFor();

      await page.setInputFiles("#graph-files", pathOf("untrained.onnx"));
      await page.locator("#device:enabled").waitFor();
      await train.click();
      await page.locator("#train-problem:not([hidden])").waitFor();
      expect(await problem.textContent()).toBe(
        "untrained.onnx: has no training program; compile its spec again to get one.",
      );
    });
  });

  test("says that the GPU was lost, and shows the steps that are told again in their place", async () => {
    // How it goes on is the library's, and tested there.
    const told = [
      { event: "start", steps: 3, device: { kind: "webgpu", name: "a GPU" }, clips: { train: 4, evaluation: 2 } },
      { event: "step", step: 1, loss: 0.5 },
      { event: "step", step: 2, loss: 0.25 },
      { event: "note", text: "the GPU was lost (for a test); training goes on from step 1 on WebAssembly" },
      { event: "step", step: 2, loss: 0.3 },
      { event: "step", step: 3, loss: 0.1 },
      { event: "pace", step: 3, secondsPerStep: 2, secondsWaiting: 0, secondsLeft: 90 },
    ];
    const library = `export { open } from "/web/index.js?as-it-is";
export const train = async function* () {
  yield* ${JSON.stringify(told)};
  await new Promise(() => undefined);
};`;
    await onPage(async (page) => {
      await page.route(/web\/index\.js$/, (route) => route.fulfill({ contentType: "text/javascript", body: library }));
      await page.reload();
      await page.getByText("Ready.", { exact: true }).waitFor();
      await nameClasses(page, 2);
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.getByText("the GPU was lost (for a test); training goes on from step 1 on WebAssembly").waitFor();
      const curve = page.getByRole("img", { name: "Loss" }).locator("desc");
      await expect
        .poll(() => curve.textContent())
        .toBe("of each step: 0.5 at step 1, 0.1 at step 3; between 0.1 and 0.5.");
      await page.getByText("Step 3 of 3; about 1 min 30 s to the end", { exact: true }).waitFor();
      expect(await page.getByRole("img", { name: "Loss" }).locator("path").getAttribute("d")).toMatch(
        /^M[^L]+L[^L]+L[^L]+$/,
      );
    });
  });

  test.each(["light", "dark"] as const)("is usable by all, %s", async (colorScheme) => {
    const phone = { viewport: { width: 360, height: 740 }, colorScheme };
    await onPage(async (page) => {
      expect(await violations(page)).toStrictEqual([]);
      await choose(page, "siren.wav", "sirens.wav");
      await heard(page, /heard by quickstart in \d+ windows/).waitFor();
      await page.getByRole("slider", { name: /^Events from a score/ }).fill("0.1");
      await page.getByText(/^Events: [1-9]/).waitFor();
      expect(await violations(page)).toStrictEqual([]);
      expect(await scrollsSideways(page)).toBe(false);
      await page.getByRole("button", { name: "Remove all" }).click();
      expect(await page.locator("article").count()).toBe(0);
    }, phone);
  });
});
