import { renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { committedGoldens, readGoldenJson } from "../golden-data/golden.ts";
import { filled, referenceTensors, writeCheckpoint } from "../compiler/weights/mini-ast.ts";
import { type CheckpointManifest, recogniseCheckpoint } from "./published-checkpoints.ts";

const { checkpoints } = readGoldenJson(committedGoldens, "checkpoints", "manifest.json") as CheckpointManifest;

test("the manifest names eight checkpoints, whose patches follow from their strides", () => {
  expect(new Set(checkpoints.flatMap(({ hub, official }) => [hub, official])).size).toBe(16);
  for (const { stride, frames, patches, logits } of checkpoints) {
    const along = (length: number): number => Math.floor((length - 16) / stride) + 1;
    expect(along(128) * along(frames)).toBe(patches);
    expect(logits).toHaveLength(3);
  }
});

describe("a published checkpoint is recognised", () => {
  const write = async (patches: number, classes: number, name = "model"): Promise<string> => {
    const path = await writeCheckpoint(
      new Map([
        ...referenceTensors(),
        ["v.pos_embed", filled([1, 2 + patches, 8])],
        ["mlp_head.1.weight", filled([classes, 8])],
      ]),
    );
    const named = join(dirname(path), `${name}.safetensors`);
    renameSync(path, named);
    return named;
  };
  const recognised = (path: string): readonly string[] => recogniseCheckpoint(path, checkpoints).map(({ hub }) => hub);

  test.each([
    [512, 527, "MIT/ast-finetuned-audioset-16-16-0.442"],
    [657, 527, "MIT/ast-finetuned-audioset-14-14-0.443"],
    [850, 527, "MIT/ast-finetuned-audioset-12-12-0.447"],
    [144, 35, "MIT/ast-finetuned-speech-commands-v2"],
  ])("by its %i patches and %i classes", async (patches, classes, hub) => {
    expect(recognised(await write(patches, classes))).toStrictEqual([hub]);
  });

  test("by its name among the four of stride 10", async () => {
    expect(recognised(await write(1212, 527))).toHaveLength(4);
    for (const name of ["ast-finetuned-audioset-10-10-0.448-v2", "audioset_10_10_0.4475"]) {
      expect(recognised(await write(1212, 527, name))).toStrictEqual(["MIT/ast-finetuned-audioset-10-10-0.448-v2"]);
    }
    expect(recognised(await write(1212, 527, "ast-finetuned-audioset-10-10-0.448"))).toStrictEqual([
      "MIT/ast-finetuned-audioset-10-10-0.448",
    ]);
  });

  test("or refused", async () => {
    const path = await write(144, 527);
    expect(() => recognised(path)).toThrow(
      `${path}: is none of the published checkpoints: it has 144 patches and 527 classes`,
    );
  });
});
