import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { embeddedClips } from "../../../../runtime/data/embedded.ts";
import { soundUrls } from "../../../../runtime/report/html/sound-urls.ts";
import { temporaryFolder } from "../../audio/temporary-folder.ts";

const create = (path: string): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  return path;
};

test("a file: beside the page, then by its full path", () => {
  const folder = temporaryFolder();
  const path = create(join(folder, "my clips", "a#1?.wav"));
  expect(soundUrls({ path }, join(folder, "runs", "mine"))).toStrictEqual([
    "../../my%20clips/a%231%3F.wav",
    pathToFileURL(path).href,
  ]);
  expect(soundUrls({ path }, join(folder, "my clips"))[0]).toBe("a%231%3F.wav");
});

test("both URLs lead back to the file, whatever it is called", () => {
  const folder = temporaryFolder();
  const page = join(folder, "runs", "50% #1?", "report.html");
  const names = ["100%25 done.wav", `quo"te's <b>&.wav`, "http:a.wav", String.raw`back\slash.wav`, "new\nline.wav"];
  for (const name of [...names, "שלום عربى.wav", "咳嗽🐶.wav", "e\u0301 é.wav", " .wav", "\u001b[31m.wav", "..wav"]) {
    const path = create(join(folder, "clips", name));
    const urls = soundUrls({ path }, dirname(page)).map((url) => new URL(url, pathToFileURL(page)));
    expect(urls.map((url) => fileURLToPath(url))).toStrictEqual([path, path]);
  }
});

test("an embedded sound is within the URL: WAV, one second of 16 bits at 16 kHz", () => {
  const [clip] = embeddedClips(["tone"]);
  if (!clip) throw new Error("there are embedded sounds");
  const [url = "", ...others] = soundUrls(clip.source, "runs");
  expect(others).toStrictEqual([]);
  const [, data = ""] = url.match(/^data:audio\/wav;base64,([\w+/=]+)$/) ?? [];
  const wav = Buffer.from(data, "base64");
  expect([wav.toString("latin1", 0, 4), wav.length]).toStrictEqual(["RIFF", 44 + 32_000]);
});

test("what is no file, or cannot be one, is out of reach", () => {
  const folder = temporaryFolder({ "a.wav": "" });
  for (const name of ["none.wav", ".", "a.wav/b.wav", "nul\0.wav", `${"long".repeat(100)}.wav`]) {
    expect(soundUrls({ path: `${folder}/${name}` }, folder)).toStrictEqual([]);
  }
});
