/** What a spec says and ONNX Runtime's training API has no place for. */
import { CompileError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Locate, NormalizedSpec } from "../../ir/normalized-spec.ts";
import { isFrozen, withInner } from "../../ir/placed-layer.ts";
import { optimizerRow } from "../../lower/optimizers/optimizers.ts";

const code = "not-in-training-artifacts" as const;

const checkRates = ({ rates, rateFactors }: NormalizedSpec, locate: Locate): readonly Diagnostic[] => {
  const used = new Set(rateFactors.values());
  return Object.entries(rates).flatMap(([pattern, factor]) =>
    factor === 0 || factor === 1 || !used.has(factor)
      ? []
      : [
          {
            code,
            message: `ONNX Runtime's optimizer has one learning rate for all parameters: the rate ${factor} of "${pattern}" cannot be expressed`,
            span: locate(rates, pattern),
            fix: "1, or 0 to freeze them",
          },
        ],
  );
};

const checkStatistics = ({ network, rateFactors }: NormalizedSpec, locate: Locate): readonly Diagnostic[] =>
  withInner(network).flatMap((placed) =>
    placed.statistics.length === 0 || isFrozen(placed, rateFactors)
      ? []
      : [
          {
            code,
            message: `${placed.layer.kind} keeps statistics of its batches, and ONNX Runtime's training API replaces nothing but parameters`,
            span: locate(placed.layer),
            fix: `another normalization, or a rate of 0 for "${placed.path}.*"`,
          },
        ],
  );

/** @throws CompileError with all of it */
export const requireExpressible = (spec: NormalizedSpec, locate: Locate): void => {
  const { optimizer, precision, clipNorm, recipe } = spec;
  const problems: readonly Diagnostic[] = [
    ...(precision.kind === "float32"
      ? []
      : [
          {
            code,
            message: "ONNX Runtime's training API scales no loss: mixed precision cannot be expressed",
            span: locate(precision),
            fix: "float32()",
          },
        ]),
    ...(optimizerRow(optimizer).asAdamW(optimizer).coupledDecay > 0 && clipNorm !== null
      ? [
          {
            code,
            message:
              "weight decay that is part of the gradients would be clipped with them: the two together cannot be expressed",
            span: locate(optimizer, "weightDecay"),
            fix: "AdamW, whose decay is not, or one of the two",
          },
        ]
      : []),
    ...(recipe.memoryBytes === undefined
      ? []
      : [
          {
            code,
            message:
              "ONNX Runtime's training API keeps what the forward pass computes: a budget of memory cannot be expressed",
            span: locate(recipe, "memory"),
            fix: "leave memory out",
          },
        ]),
    ...checkRates(spec, locate),
    ...checkStatistics(spec, locate),
  ];
  // A repeated block is told of once.
  const unlike = new Map(problems.map((problem) => [JSON.stringify([problem.message, problem.span]), problem]));
  if (unlike.size > 0) throw new CompileError([...unlike.values()]);
};
