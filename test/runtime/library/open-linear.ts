/** A model small enough to check by hand, opened: it hears 4 samples. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { open, UserError } from "../../../runtime/index.ts";
import type { OpenOptions } from "../../../runtime/library/model.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";

export const values = [8192, -16_384, 0, 24_576];
export const samples = Float32Array.from(values, (value) => value / 32_768);

export const workspace = () => {
  const folder = temporaryFolder({
    "a.wav": wavBytes(values),
    "b.wav": wavBytes([0, 0, 0, 16_384]),
    "text.wav": Buffer.from("no sound at all"),
    "short.wav": wavBytes([1]),
  });
  return { folder, graph: writeLinearModel(folder), at: (name: string): string => join(folder, name) };
};

export const openLinear = async (options: OpenOptions = {}) => {
  const { graph, at, folder } = workspace();
  const model = await open(graph, { device: "cpu", ...options });
  onTestFinished(() => model.close());
  return { model, graph, at, folder };
};

/** How a call fails. */
export const failure = async (call: () => Promise<unknown>) => {
  const error: unknown = await call().catch((error: unknown) => error);
  if (!(error instanceof UserError)) throw new Error(`no UserError: ${String(error)}`);
  return error;
};
export const failureOf = async (call: () => Promise<unknown>) => {
  const { code, facts, message } = await failure(call);
  return { code, facts, message };
};

/** What is given until the end, and how it ends. */
export const hear = async <Item>(items: AsyncIterable<Item>) => {
  const given: Item[] = [];
  const ending = await failureOf(async () => {
    for await (const item of items) given.push(item);
    throw new Error("whole");
  }).catch(() => "whole" as const);
  return { given, ending };
};
