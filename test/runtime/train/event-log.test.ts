import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEventLog } from "../../../runtime/train/event-log.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

test("what follows the kept bytes is told again", () => {
  const path = join(temporaryFolder({ "metrics.jsonl": "from another run" }), "metrics.jsonl");
  const log = openEventLog(path, 0);
  log.append({ step: 1 });
  const kept = log.sync();
  log.append({ step: "ü" });
  log.close();
  expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":"ü"}\n');

  const next = openEventLog(path, kept);
  next.append({ step: 2 });
  expect(next.sync()).toBe(2 * kept);
  next.close();
  expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n');
});

test("a log that has become shorter than the checkpoint knows it", () => {
  const path = join(temporaryFolder({ "metrics.jsonl": "{}\n" }), "metrics.jsonl");
  expect(() => openEventLog(path, 100)).toThrow(
    new UserError(`${path}: has 3 bytes, and had 100 when the checkpoint was written; restore it`),
  );
});

test("a path that cannot be written", () => {
  const path = join(temporaryFolder(), "none", "metrics.jsonl");
  expect(() => openEventLog(path, 0)).toThrow(new UserError(`cannot write ${path}: its folder does not exist`));
});
