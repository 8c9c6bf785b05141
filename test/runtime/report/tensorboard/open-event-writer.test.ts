import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEventWriter } from "../../../../runtime/report/tensorboard/open-event-writer.ts";
import { saying } from "../../saying.ts";
import { temporaryFolder } from "../../audio/temporary-folder.ts";

const openedAtSeconds = 1_767_225_600.25;

/** The events of the first test, written by the Python package tensorboard 2.21.0: `RecordWriter` on serialised `event_pb2.Event`s. */
const fileOfTensorboard =
  "GAAAAAAAAACjf0siCQAAEEBuVdpBGg1icmFpbi5FdmVudDoyfOfOhhAAAAAAAAAAlfv+GAkAABBAblXaQRCsAjoCCAG9wQCIIQAAAAAAAAABe+" +
  "z2CQAAUEBuVdpBEKwCKhMKEQoKdHJhaW4vbG9zcxUAADA/tonaLDMAAAAAAAAADKcgVgkAAHBAblXaQRCAgICAgCAqIQoPCghldmFsL21BUBUA" +
  "AAAACg4KB2V2YWwvzrQVAADAf9dNApM=";

test("a file is byte for byte what tensorboard itself writes", () => {
  const folder = temporaryFolder();
  const writer = openEventWriter({ folder, openedAtSeconds, host: "host", firstStep: 300 });
  writer.scalars({ "train/loss": 0.6875 }, 300, openedAtSeconds + 1);
  writer.scalars({ "eval/mAP": 0, "eval/δ": NaN }, 2 ** 40, openedAtSeconds + 1.5);
  writer.close();
  expect(writer.path).toBe(join(folder, "events.out.tfevents.1767225600.host"));
  expect(readFileSync(writer.path, "base64")).toBe(fileOfTensorboard);
});

test("a file is a run's own, and sorts after those before it", () => {
  const folder = temporaryFolder();
  const open = () => openEventWriter({ folder, openedAtSeconds, host: "host", firstStep: 1 });
  const writers = [open(), open()];
  for (const writer of writers) writer.close();
  expect(readdirSync(folder).toSorted()).toStrictEqual([
    "events.out.tfevents.1767225600.host",
    "events.out.tfevents.1767225601.host",
  ]);
});

test("events are in the file when the call returns", () => {
  const writer = openEventWriter({ folder: temporaryFolder(), openedAtSeconds, firstStep: 1 });
  const before = readFileSync(writer.path).length;
  writer.scalars({ loss: 1 }, 1, openedAtSeconds);
  expect(readFileSync(writer.path).length).toBeGreaterThan(before);
  writer.close();
});

test("a folder that is none is refused", () => {
  const file = join(temporaryFolder({ file: Buffer.of() }), "file");
  expect(() => openEventWriter({ folder: file, openedAtSeconds, host: "host", firstStep: 1 })).toThrow(
    saying(`cannot write ${join(file, "events.out.tfevents.1767225600.host")}: its folder is a file`),
  );
});
