/** What the editor says of a spec whose parts do not fit each other: TypeScript's first error, word for word. */
import { fileURLToPath } from "node:url";
import { type InterfaceDeclaration, Node, Project, type SourceFile, ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { rowOf } from "../../compiler/layers/table.ts";
import type { Layer } from "../../spec/dsl/index.ts";

const pathOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const project = new Project({ tsConfigFilePath: pathOf("tsconfig.json"), skipAddingFilesFromTsConfig: true });

const beginning = `import * as specgraph from "specgraph";
import { adam, adamW, anyLength, appendTokens, attention, attentionPooling, batchNorm, cosine, dense, dropPath, gelu, kaldiFbank } from "specgraph";
import { type Layer, type Layers, layerNorm, maxOfTokens, meanOfPatches, meanOfTokens, meanWithoutTokens, model, normalize } from "specgraph";
import { padOrCut, patchEmbedding, positionalEmbedding, prependTokens, registerTokens, removeMean, repeat, residual } from "specgraph";
import { sequential, singleLabel, waveform } from "specgraph";

const fbank = kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" });
const rest = {
  name: "a",
  input: waveform({ sampleRateHz: 16_000 }),
  features: [fbank, padOrCut({ frames: 24 })],
  objective: singleLabel({ classes: ["a", "b"] }),
  training: { optimizer: adam({ learningRate: 1 }), batch: 1, epochs: 1 },
} as const;
const patches = patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 });
const network = [patches, meanOfTokens(), dense("classes")] as const;
const norm = layerNorm({ eps: 1e-6 });
const block = (heads: number) => sequential(residual(norm, attention({ heads })), residual(norm, dense(16), gelu(), dense(8)));
`;

let files = 0;
/** @param body what follows that beginning */
const write = (body: string): SourceFile => {
  files += 1;
  return project.createSourceFile(pathOf(`test/spec/flow-${files}.ts`), `${beginning}\n${body}\nexport {};\n`);
};

/** What is told of a file: the text that is marked, and the message. What is not used is no matter here. */
const readErrors = (file: SourceFile): readonly string[] =>
  file
    .getPreEmitDiagnostics()
    .filter((error) => ![6133, 6192].includes(error.getCode()))
    .map((error) => {
      const { start = 0, length = 0, messageText } = error.compilerObject;
      return `${file.getFullText().slice(start, start + length)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });

const networkCases = {
  "attention of a vector": [
    "[patches, meanOfTokens(), attention({ heads: 2 }), dense('classes')]",
    `attention({ heads: 2 }): Type 'Attention' is not assignable to type '"attention() takes tokens, but stands after meanOfTokens(), which gives a vector."'.`,
  ],
  "no patches": [
    "[prependTokens('cls'), positionalEmbedding(), meanOfTokens('dist'), dense('classes')]",
    `prependTokens('cls'): Type 'AddTokens<readonly ["cls"], "first">' is not assignable to type '"prependTokens() takes tokens, but stands first, where the features give a spectrogram."'.`,
  ],
  "patches twice": [
    "[patches, patches, meanOfTokens(), dense('classes')]",
    `patches: Type 'PatchEmbedding' is not assignable to type '"patchEmbedding() takes a spectrogram, but stands after patchEmbedding(), which gives tokens."'.`,
  ],
  "a feature among layers": [
    "[patches, normalize({ mean: 0, std: 1 }), meanOfTokens(), dense('classes')]",
    `normalize({ mean: 0, std: 1 }): Type 'Normalize' is not assignable to type '"normalize() takes a spectrogram of settled length, but stands after patchEmbedding(), which gives tokens."'.\n  Type 'NormalizeByStatistics' is not assignable to type '"normalize() takes a spectrogram of settled length, but stands after patchEmbedding(), which gives tokens."'.`,
  ],
  "several, each at its place": [
    "[meanOfTokens(), patches, gelu, meanOfTokens(), residual(norm), attention({ heads: 2 }), dense('classes')]",
    `meanOfTokens(): Type 'MeanOfTokens<readonly []>' is not assignable to type '"meanOfTokens() takes tokens, but stands first, where the features give a spectrogram."'.`,
    `gelu: Type '() => Activation<"gelu">' is not assignable to type '"gelu is not called: write gelu()."'.`,
    `attention({ heads: 2 }): Type 'Attention' is not assignable to type '"attention() takes tokens, but stands after meanOfTokens(), which gives a vector."'.`,
  ],
  "in a list within": [
    "[patches, [gelu(), [patches]], meanOfTokens(), dense('classes')]",
    `patches: Type 'PatchEmbedding' is not assignable to type '"patchEmbedding() takes a spectrogram, but stands after patchEmbedding(), which gives tokens."'.`,
  ],
  "no layers": [
    "[]",
    `network: Type '[]' is not assignable to type 'FittingNetwork<readonly []>'.\n  Type '[]' is not assignable to type '"the network has no layers."'.`,
  ],
  "no head": [
    "[patches, meanOfTokens(), layerNorm({ eps: 1e-5 })]",
    `layerNorm({ eps: 1e-5 }): Type 'LayerNorm' is not assignable to type '"the network must end in logits, but ends in a vector of another width: dense('classes') is missing."'.`,
  ],
  "no pooling": [
    "[patches, dense('classes')]",
    `dense('classes'): Type 'Dense' is not assignable to type '"the network must end in logits, but ends in tokens: what makes a vector of them is missing, such as meanOfTokens()."'.`,
  ],
  "hardly anything": [
    "[batchNorm()]",
    `batchNorm(): Type 'BatchNorm' is not assignable to type '"the network must end in logits, but ends in a spectrogram."'.`,
  ],
  "an unknown token": [
    "[patches, prependTokens('cls'), appendTokens('dist'), registerTokens(2), maxOfTokens('class'), dense('classes')]",
    `maxOfTokens('class'): Type 'MaxOfTokens<readonly ["class"]>' is not assignable to type '"there is no token class; the tokens are cls, dist."'.`,
  ],
  "a token where none is": [
    "[patches, meanOfTokens('cls'), dense('classes')]",
    `meanOfTokens('cls'): Type 'MeanOfTokens<readonly ["cls"]>' is not assignable to type '"there is no token cls; none was added."'.`,
  ],
  "a builder that needs options": [
    "[patches, attentionPooling, dense('classes')]",
    `attentionPooling: Type '(options: Omit<AttentionPooling, "kind">) => AttentionPooling' is not assignable to type '"attentionPooling is not called: write attentionPooling(...)."'.`,
  ],
  "what is no layer": [
    "[patches, 'attention', meanOfTokens(), adam({ learningRate: 1 }), () => 3, dense('classes')]",
    `'attention': Type '"attention"' is not assignable to type '"this is no layer."'.`,
    `adam({ learningRate: 1 }): Type 'Adam' is not assignable to type '"this is no layer."'.`,
    `() => 3: Type '() => number' is not assignable to type '"a function is no layer."'.`,
  ],
  "within a residual": [
    "[patches, residual(gelu), residual(meanOfTokens(), norm, attention({ heads: 1 })), meanOfTokens(), dense('classes')]",
    `gelu: Argument of type '() => Activation<"gelu">' is not assignable to parameter of type '"gelu is not called: write gelu()."'.`,
    `attention({ heads: 1 }): Argument of type 'Attention' is not assignable to parameter of type '"attention() takes tokens, but stands after meanOfTokens(), which gives a vector."'.`,
  ],
  "a residual where its layers do not fit": [
    "[patches, meanOfTokens(), residual(attention({ heads: 3 })), dense('classes')]",
    `residual(attention({ heads: 3 })): Type 'Residual<readonly [Attention]>' is not assignable to type '"in residual(), attention() takes tokens, but stands after meanOfTokens(), which gives a vector."'.`,
  ],
  "a residual that does not keep its kind": [
    "[patches, residual(norm, meanOfTokens()), meanOfTokens(), dense('classes')]",
    `residual(norm, meanOfTokens()): Type 'Residual<readonly [LayerNorm, MeanOfTokens<readonly []>]>' is not assignable to type '"residual() must give what it takes, but makes a vector out of tokens."'.`,
  ],
  "within a repeated block": [
    "[patches, repeat(2, [meanOfTokens(), attention({ heads: 1 })]), meanOfTokens(), dense('classes')]",
    `attention({ heads: 1 }): Type 'Attention' is not assignable to type '"attention() takes tokens, but stands after meanOfTokens(), which gives a vector."'.`,
  ],
  "within a block by its number": [
    "[patches, repeat(2, (copy) => [meanOfTokens(), attention({ heads: copy })]), meanOfTokens(), dense('classes')]",
    `repeat(2, (copy) => [meanOfTokens(), attention({ heads: copy })]): Type 'Repeat<readonly [MeanOfTokens<readonly []>, Attention]>' is not assignable to type '"in repeat(), attention() takes tokens, but stands after meanOfTokens(), which gives a vector."'.`,
  ],
  "a block that its copy cannot take": [
    "[patches, repeat(2, [meanOfTokens()]), dense('classes')]",
    `repeat(2, [meanOfTokens()]): Type 'Repeat<readonly [MeanOfTokens<readonly []>]>' is not assignable to type '"repeat() must give what it takes, but makes a vector out of tokens."'.`,
  ],
  "a block from a function": [
    "[patches, meanOfTokens(), repeat(12, block(3)), dense('classes')]",
    `repeat(12, block(3)): Type 'Repeat<readonly [Residual<readonly [LayerNorm, Attention]>, Residual<readonly [LayerNorm, Dense, Activation<"gelu">, Dense]>]>' is not assignable to type '"in repeat(), in residual(), attention() takes tokens, but stands after meanOfTokens(), which gives a vector."'.`,
  ],
  "at the end of four hundred": [
    `[patches, ${"norm, residual(attention({ heads: 2 })), ".repeat(200)} meanOfTokens(), attention({ heads: 2 }), dense('classes')]`,
    `attention({ heads: 2 }): Type 'Attention' is not assignable to type '"attention() takes tokens, but stands after meanOfTokens(), which gives a vector."'.`,
  ],
} as const;

const featureCases = {
  "steps in another order": [
    "[fbank, removeMean(), padOrCut({ frames: 24 }), padOrCut({ frames: 24 })]",
    `removeMean(): Type 'RemoveMean' is not assignable to type '"removeMean() takes a waveform, but stands after kaldiFbank(), which gives a spectrogram of any length."'.`,
    `padOrCut({ frames: 24 }): Type 'PadOrCut' is not assignable to type '"padOrCut() takes a spectrogram of any length, but stands after padOrCut(), which gives a spectrogram of settled length."'.`,
  ],
  "no filter bank": [
    "[padOrCut({ frames: 24 })]",
    `padOrCut({ frames: 24 }): Type 'PadOrCut' is not assignable to type '"padOrCut() takes a spectrogram of any length, but stands first, where there is a waveform."'.`,
  ],
  "no length": [
    "[removeMean(), fbank]",
    `fbank: Type 'KaldiFbank' is not assignable to type '"the features must end in a spectrogram of settled length, but end in a spectrogram of any length: padOrCut() or anyLength() is missing."'.`,
  ],
  "hardly a step": [
    "[removeMean()]",
    `removeMean(): Type 'RemoveMean' is not assignable to type '"the features must end in a spectrogram of settled length, but end in a waveform without its mean: kaldiFbank() is missing."'.`,
  ],
  "no steps": [
    "[]",
    `features: Type '[]' is not assignable to type 'FittingFeatures<readonly []>'.\n  Type '[]' is not assignable to type '"there are no features: kaldiFbank() is missing."'.`,
  ],
  "steps that are not called": [
    "[removeMean, fbank, padOrCut]",
    `removeMean: Type '() => RemoveMean' is not assignable to type '"removeMean is not called: write removeMean()."'.`,
    `padOrCut: Type '(options: Omit<PadOrCut, "kind">) => PadOrCut' is not assignable to type '"padOrCut is not called: write padOrCut(...)."'.`,
  ],
  "a layer among features": [
    "[fbank, padOrCut({ frames: 24 }), attention({ heads: 2 })]",
    `attention({ heads: 2 }): Type 'Attention' is not assignable to type '"attention() takes tokens, but stands after padOrCut(), which gives a spectrogram of settled length."'.`,
  ],
} as const;

/** What is right, or may be: the types are silent. */
const rightCases = {
  "all kinds of lists": `
    const erased = (heads: number): Layers => [residual(norm, attention({ heads }))];
    const plain = (heads: number) => [residual(norm, attention({ heads })), residual(dense(16), gelu(), dense(8))];
    const one = (): Layer => attention({ heads: 3 });
    const some = [1, 2].map((heads) => attention({ heads }));
    const is = Math.random() < 0.5;
    const unknown = JSON.parse("[]");
    model({ ...rest, network: [
      patches, prependTokens("cls"), repeat(2, block(3)), repeat(2, erased(3)), repeat(2, plain(3)), erased(2), plain(2), block(2), one(), some, ...some,
      unknown, is ? batchNorm() : norm, is ? [gelu()] : [], [[gelu()]], ...block(3), meanOfTokens("cls"), dense("classes"),
    ] });
    model({ ...rest, network: erased(3) });
    model({ ...rest, network: unknown });
    model({ ...rest, network: [patches, ...erased(3), dense("classes")] });`,
  "a function of the copy": `
    model({ ...rest, network: [
      patches, repeat(2, (copy) => [residual(attention({ heads: 3 }), dropPath({ rate: copy / 10 }))]),
      repeat(3, (copy) => { return block(copy); }), meanOfPatches(), dense("classes"),
    ] });`,
  "names of tokens that are not known, or may be there": `
    const tokens = ["cls"] as readonly ["cls"] | readonly ["cls", "dist"];
    const open: readonly string[] = ["a"];
    const end = dense("classes");
    model({ ...rest, network: [patches, prependTokens(...tokens), meanOfTokens(...tokens), end] });
    model({ ...rest, network: [patches, prependTokens("cls"), meanOfTokens(...tokens), end] });
    model({ ...rest, network: [patches, prependTokens(...open), meanOfTokens("anything"), end] });
    model({ ...rest, network: [patches, prependTokens("cls"), meanOfTokens(...open), end] });
    model({ ...rest, network: [patches, prependTokens("cls"), registerTokens(3), meanWithoutTokens("cls", "register1"), end] });
    model({ ...rest, network: [patches, repeat(3, (copy) => [prependTokens(\`token\${copy}\`)]), meanOfTokens("token2"), end] });`,
  "logits that are the mean of the tokens', or as many as there are classes": `
    model({ ...rest, network: [patches, dense("classes"), meanOfPatches()] });
    model({ ...rest, network: [patches, meanOfPatches(), dense(2)] });
    const kernel = { bins: 3, frames: 3 };
    model({ ...rest, network: [specgraph.convolution({ channels: 2, kernel }), specgraph.imageToTokens(), meanOfTokens()] });`,
  "features of either length, with and without the rest": `
    const is = Math.random() < 0.5;
    model({ ...rest, network, features: [removeMean(), fbank, anyLength({ frames: 24, least: 8 }), normalize({ mean: 0, std: 1 })] });
    model({ ...rest, network, features: [fbank, is ? padOrCut({ frames: 24 }) : anyLength({ frames: 24, least: 8 })] });
    const steps: readonly specgraph.FeatureStep[] = rest.features;
    model({ ...rest, network, features: steps });`,
  "options that are known as such": `
    const options: Omit<specgraph.Model, "kind"> = { ...rest, network };
    model(options);
    const made: specgraph.Model = model({ ...options, name: "b" });`,
} as const;

const written = [
  ...Object.entries(networkCases).map(
    ([name, [network, ...errors]]) => [name, write(`model({ ...rest, network: ${network} });`), errors] as const,
  ),
  ...Object.entries(featureCases).map(
    ([name, [features, ...errors]]) =>
      [name, write(`model({ ...rest, network, features: ${features} });`), errors] as const,
  ),
  ...Object.entries(rightCases).map(([name, body]) => [name, write(body), [] as readonly string[]] as const),
];

describe("what the editor says", () => {
  test.each(written)("%s", (_, file, errors) => {
    expect(readErrors(file)).toStrictEqual(errors);
  });
});

/** Of a tuple of types the literals of its first: what a step takes. */
const readTakes = (steps: InterfaceDeclaration): ReadonlyMap<string, readonly string[]> =>
  new Map(
    steps.getProperties().map((step) => {
      const [takes] = step.getType().getTupleElements();
      const kinds = takes?.isUnion() ? takes.getUnionTypes() : [takes];
      return [step.getName(), kinds.map((kind) => kind?.getLiteralValue() as string).toSorted()];
    }),
  );

const dsl = (name: string): SourceFile => project.addSourceFileAtPath(pathOf(`spec/dsl/${name}.ts`));
const kindsOf = (file: SourceFile, union: string): readonly string[] =>
  file
    .getTypeAliasOrThrow(union)
    .getType()
    .getUnionTypes()
    .map((type) => {
      const kind = type.getPropertyOrThrow("kind").getDeclarations().find(Node.isPropertySignature);
      return kind?.getType().getLiteralValue() as string;
    });
const takes = readTakes(dsl("flow").getInterfaceOrThrow("Steps"));
const layers = [...new Set(kindsOf(dsl("layers"), "Layer"))].filter((kind) => kind !== "residual" && kind !== "repeat");
const features = [...new Set(kindsOf(dsl("features"), "FeatureStep"))];

test("each layer and each step of the features has its flow", () => {
  expect([...takes.keys()].toSorted()).toStrictEqual([...layers, ...features].toSorted());
});

test.each(layers)("%s takes in its type what the compiler's row takes", (kind) => {
  const row = rowOf({ kind } as Layer);
  expect(takes.get(kind)).toStrictEqual("takes" in row ? [...row.takes].toSorted() : undefined);
});
