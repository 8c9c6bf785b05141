/** Specs whose checkpoint was trained on other features, or is to tell them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { CompileError } from "../../../compiler/diagnostics/diagnostic.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import type { NormalizedFeatures } from "../../../compiler/ir/normalized-spec.ts";
import { readSpec } from "../../../compiler/frontend/read-spec.ts";
import { printDiagnostic } from "../../../compiler/diagnostics/print-diagnostic.ts";
import type { SourceFeatures } from "../../../compiler/weights/facts/source-facts.ts";
import { describeGeometry } from "../../../compiler/weights/facts/geometry.ts";
import {
  checkpoint,
  decibels,
  type FeatureStep,
  fromCheckpoint,
  melSpectrogram,
  normalize,
  padOrCut,
} from "../../../spec/dsl/index.ts";
import { tiny } from "../tiny-model.ts";

/** What the tiny model's features are. */
const same: SourceFeatures = {
  file: "ast/preprocessor_config.json",
  mean: -4,
  scale: 0.25,
  bins: 16,
  frames: 24,
  sampleRateHz: 16_000,
  frameLengthSamples: 400,
  frameShiftSamples: 160,
  filters: { removeMean: true, window: "hanning", lowHz: 20, highHz: 8000, preemphasis: 0.97 },
};

type Changes = Parameters<typeof tiny>[0];

const normalized = (features: Partial<SourceFeatures> | undefined, changes: Changes = {}): NormalizedFeatures => {
  const source = { path: "ast", features: features && { ...same, ...features } };
  return normalizeSpec(tiny(changes), () => undefined, "spec.ts", "waveform", source).features;
};

const complaints = (run: () => unknown): readonly string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics.map(printDiagnostic);
    throw error;
  }
  return [];
};

const ending = ' or checkpoint({ features: "own" }) to train on the spec\'s';
const told = (has: string, spec: string, line: string): string =>
  `error: the checkpoint was trained on features with ${has} (ast/preprocessor_config.json), the spec's have ${spec} (checkpoint-features)\n` +
  `  fix: ${line};${ending}`;

const withStep = (step: FeatureStep): Changes => ({ features: [...tiny().features.slice(0, 3), step] });

describe("features that are not the checkpoint's", () => {
  test.each<[string, Partial<SourceFeatures>, string]>([
    [
      "mean",
      { mean: -6.8 },
      told(
        "mean -6.8 and std 4",
        "mean -4 and std 4",
        "normalize({ mean: -6.8, std: 4, to: 1 }) (in ast(): statistics: { mean: -6.8, std: 4 }), or fromCheckpoint() in its place",
      ),
    ],
    [
      "deviation",
      { scale: 0.5 },
      told(
        "mean -4 and std 2",
        "mean -4 and std 4",
        "normalize({ mean: -4, std: 2, to: 1 }) (in ast(): statistics: { mean: -4, std: 2 }), or fromCheckpoint() in its place",
      ),
    ],
    ["bins", { bins: 128 }, told("128 bins", "16", "kaldiFbank({ bins: 128 })")],
    [
      "sample rate",
      { sampleRateHz: 32_000, frameLengthSamples: 800, frameShiftSamples: 320 },
      told("a sample rate of 32000 Hz", "16000 Hz", "waveform({ sampleRateHz: 32000 })"),
    ],
    [
      "frame length",
      { frameLengthSamples: 480 },
      told("a frame length of 30 ms", "25 ms", "kaldiFbank({ frameLengthMs: 30 })"),
    ],
    [
      "window",
      { filters: { window: "hamming" } },
      told(
        'kaldiFbank({ window: "hamming" })',
        'kaldiFbank({ window: "hanning" })',
        'kaldiFbank({ window: "hamming" })',
      ),
    ],
    ["mean removal", { filters: { removeMean: false } }, told("no removeMean()", "removeMean()", "no removeMean()")],
    [
      "filter range",
      { filters: { ...same.filters, highHz: 7600 } },
      told("kaldiFbank({ highHz: 7600 })", "kaldiFbank({ highHz: 8000 })", "kaldiFbank({ highHz: 7600 })"),
    ],
    [
      "frame shift",
      { frameShiftSamples: 200 },
      told("a frame shift of 12.5 ms", "10 ms", "kaldiFbank({ frameShiftMs: 12.5 })"),
    ],
  ])("in %s", (_, features, message) => {
    expect(complaints(() => normalized(features))).toStrictEqual([message]);
    const own = checkpoint({ features: "own" });
    expect(complaints(() => normalized(features, { pretrained: own }))).toStrictEqual([]);
  });

  const melSteps = [
    melSpectrogram({ bins: 16, fftSamples: 512, hopSamples: 160 }),
    decibels({ topDb: 120 }),
    padOrCut({ frames: 24 }),
    normalize({ per: "clip" }),
  ];
  const melSource: Partial<SourceFeatures> = {
    mean: 0,
    scale: 1,
    frameLengthSamples: 512,
    filters: describeGeometry(normalizeSpec(tiny({ features: melSteps }), () => undefined, "spec.ts")).filters,
  };
  const { stft = null } = melSource.filters ?? {};
  test.each<[string, Partial<SourceFeatures>, readonly string[]]>([
    ["none", {}, []],
    [
      "the levels",
      { filters: { ...melSource.filters, compression: { kind: "log", plus: 1e-5 } } },
      [
        told(
          "log({ plus: 0.00001 })",
          "decibels({ topDb: 120, floor: 1e-10, reference: 1 })",
          "log({ plus: 0.00001 })",
        ),
      ],
    ],
    [
      "a gain, and pre-emphasis",
      { filters: { ...melSource.filters, gain: 32_768, emphasis: { coefficient: 0.97, first: "dropped" } } },
      [
        told("gain(32768)", "no gain()", "gain(32768)"),
        told('preemphasis(0.97, { first: "dropped" })', "no preemphasis()", 'preemphasis(0.97, { first: "dropped" })'),
      ],
    ],
    [
      "the mel scale, and the window",
      { filters: { ...melSource.filters, stft: stft && { ...stft, melScale: "kaldi", windowSamples: 400 } } },
      [
        told(
          "melSpectrogram({ windowSamples: 400 })",
          "melSpectrogram({ windowSamples: 512 })",
          "melSpectrogram({ windowSamples: 400 })",
        ),
        told(
          'melSpectrogram({ melScale: "kaldi" })',
          'melSpectrogram({ melScale: "htk" })',
          'melSpectrogram({ melScale: "kaldi" })',
        ),
      ],
    ],
    [
      "the transform",
      { frameLengthSamples: 1024 },
      [told("a frame length of 64 ms", "32 ms", "melSpectrogram({ fftSamples: 1024 })")],
    ],
    [
      "what it is normalised by",
      { mean: -4, scale: 0.25, filters: { ...melSource.filters, perClip: null } },
      [
        told(
          "mean -4 and std 4",
          "each clip's own mean and std",
          "normalize({ mean: -4, std: 4, to: 1 }) (in ast(): statistics: { mean: -4, std: 4 }), or fromCheckpoint() in its place",
        ),
      ],
    ],
    [
      "the filter bank",
      { frameLengthSamples: 512, filters: { ...melSource.filters, stft: null, window: "povey", lowHz: 20 } },
      [told("kaldiFbank() or kaldiMel()", "melSpectrogram()", "kaldiFbank() or kaldiMel()")],
    ],
  ])("of other steps: %s", (_, features, messages) => {
    expect(complaints(() => normalized({ ...melSource, ...features }, { features: melSteps }))).toStrictEqual(messages);
  });

  test("are taken to be normalised by each clip where the checkpoint says so", () => {
    const { perClip } = normalized(melSource, {
      features: [...melSteps.slice(0, -1), normalize(fromCheckpoint())],
    });
    expect(perClip).toStrictEqual({ eps: 1e-5 });
    expect(
      complaints(() => normalized({ filters: { ...same.filters, perClip: { eps: 1e-5 } }, mean: 0, scale: 1 })),
    ).toStrictEqual([
      told("each clip's own mean and std", "mean -4 and std 4", 'normalize({ per: "clip", eps: 0.00001 })'),
    ]);
  });

  test("are all told at once", () => {
    expect(complaints(() => normalized({ mean: 0, bins: 64 }))).toHaveLength(2);
  });

  test("may have another length, and figures that went through float32", () => {
    expect(complaints(() => normalized({ frames: 1024, mean: -4 + 1e-7 }))).toStrictEqual([]);
    expect(complaints(() => normalized(undefined))).toStrictEqual([]);
  });

  test("are told where the spec names the checkpoint", () => {
    const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "spec.ts");
    const source = (line: string): string =>
      `import { adam, checkpoint, singleLabel } from "specgraph";\nimport { ast } from "${join(process.cwd(), "spec/ast.ts")}";\n` +
      `export default ast({\n  objective: singleLabel({ classes: ["a", "b"] }),\n  ${line}\n});\nexport const unused = adam;\n`;
    writeFileSync(path, source('pretrained: checkpoint({ file: "ast/model.safetensors" }),'));
    const { model, locate } = readSpec(path);
    const features = { ...same, mean: -6.8, scale: 0.5 / 5.5, bins: 128 };
    const [message = ""] = complaints(() => normalizeSpec(model, locate, path, "waveform", { path: "ast", features }));
    expect(message.slice(message.indexOf("spec.ts"))).toBe(
      `spec.ts:5:15 error: the checkpoint was trained on features with mean -6.8 and std 5.5 (ast/preprocessor_config.json), the spec's have mean -4.2677393 and std 4.5689974 (checkpoint-features)
  5 |   pretrained: checkpoint({ file: "ast/model.safetensors" }),
    |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  fix: normalize({ mean: -6.8, std: 5.5, to: 0.5 }) (in ast(): statistics: { mean: -6.8, std: 5.5 }), or fromCheckpoint() in its place;${ending}`,
    );
  });
});

describe("the checkpoint's statistics", () => {
  test("are taken where the spec says so", () => {
    const { mean, scale } = normalized({ mean: -6.8, scale: 0.1 }, withStep(normalize(fromCheckpoint())));
    expect([mean, scale]).toStrictEqual([-6.8, 0.1]);
  });

  test("must be there", () => {
    expect(complaints(() => normalized(undefined, withStep(fromCheckpoint())))).toStrictEqual([
      "error: mean and deviation are to come from the checkpoint, but ast does not tell them (checkpoint-without-statistics)\n" +
        "  fix: normalize({ mean, std, to: 0.5 }) or, in ast(), statistics: { mean, std }",
    ]);
    const alone = (): unknown => normalizeSpec(tiny(withStep(fromCheckpoint())), () => undefined, "spec.ts");
    expect(complaints(alone)).toStrictEqual([
      "error: mean and deviation are to come from the checkpoint, but there is none (checkpoint-without-statistics)\n" +
        "  fix: checkpoint({ file }) or --weights",
    ]);
  });
});
