import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEventLog } from "../../../runtime/runs/event-log.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const unexpected = (text: string): never => expect.fail(text);

test("what follows the kept bytes is told again", () => {
  const path = join(temporaryFolder({ "metrics.jsonl": "from another run" }), "metrics.jsonl");
  const log = openEventLog(path, 0, unexpected);
  log.append({ step: 1 });
  const kept = log.sync();
  log.append({ step: "ü" });
  log.close();
  expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":"ü"}\n');

  const next = openEventLog(path, kept, unexpected);
  next.append({ step: 2 });
  expect(next.sync()).toBe(2 * kept);
  next.close();
  expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n');
});

test("of a log that has become shorter, or another, the whole lines stay", () => {
  const notes: string[] = [];
  for (const content of ['{"step":1}\n{"st', '{"step":1}\n{"step":2, "edited": true}\n{"step":3}\n']) {
    const path = join(temporaryFolder({ "metrics.jsonl": content }), "metrics.jsonl");
    const log = openEventLog(path, 22, (text) => void notes.push(text));
    log.append({ step: 3 });
    expect(log.sync()).toBe(22);
    log.close();
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":3}\n');
    expect(notes.pop()).toBe(
      `${path}: has changed since the checkpoint was written: 11 of its 22 bytes are lost; the training goes on, its report lacks what they told`,
    );
  }
});

test("a log that is gone begins anew", () => {
  const path = join(temporaryFolder(), "metrics.jsonl");
  const notes: string[] = [];
  openEventLog(path, 22, (text) => void notes.push(text)).close();
  expect([readFileSync(path, "utf8"), notes.length]).toStrictEqual(["", 1]);
});

test("a path that cannot be written", () => {
  const path = join(temporaryFolder(), "none", "metrics.jsonl");
  expect(() => openEventLog(path, 0, unexpected)).toThrow(saying(`cannot write ${path}: its folder does not exist`));
});
