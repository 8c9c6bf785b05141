import { checkGraphFiles } from "./check-paths.ts";
import { checkEvaluateOptions } from "./check-run-options.ts";
import { runTask } from "./run-task.ts";
import type { EvaluateOptions, EvaluationEvent } from "./training.ts";

/**
 * Measures a graph on labelled clips, or several, and last the mean of their scores; in a thread of its own, as `runtime eval`
 * does, whose `--json` prints the same events. Clips are those that the data keeps for evaluation; where it keeps none, those
 * that the graph was not trained on.
 * @param graphs a graph.onnx, by its path or `file:` URL, or several
 * @throws UserError where the graphs or the clips cannot be read, an option is wrong, or the call is aborted
 */
export async function* evaluate(
  graphs: string | URL | readonly (string | URL)[],
  options: EvaluateOptions = {},
): AsyncGenerator<EvaluationEvent, void, undefined> {
  const { task, ...others } = await checkEvaluateOptions(checkGraphFiles(graphs), options);
  yield* runTask(task, others) as AsyncGenerator<EvaluationEvent, void, undefined>;
}
