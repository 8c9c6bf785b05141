import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBoard } from "../../../../runtime/report/tensorboard/open-board.ts";
import { temporaryFolder } from "../../audio/temporary-folder.ts";

test("a training's events are TensorBoard's scalars; figures that are not defined are left out", () => {
  const folder = temporaryFolder();
  const board = openBoard(folder, 0);
  const figures = { clips: 4, loss: 1, accuracy: 0.5, mAP: null, AUC: 0.5, dPrime: null };
  board.show({ event: "step", epoch: 1, step: 1, loss: 0.5, lr: 0.1 });
  board.show({ event: "eval", epoch: 1, step: 1, trainLoss: 0.5, best: true, ...figures });
  board.show({ event: "averaged", epochs: 1, step: 1, ...figures });
  board.show({ event: "test", graph: "run/best.onnx", step: 1, ...figures });
  board.close();
  const [file = ""] = readdirSync(folder);
  const tags = readFileSync(join(folder, file), "latin1").match(/(train|eval|eval_averaged|test_best)\/\w+/g);
  expect(tags?.join(" ")).toBe(
    "train/loss train/learning_rate eval/loss eval/accuracy eval/AUC train/epoch_loss eval_averaged/loss eval_averaged/accuracy eval_averaged/AUC test_best/loss test_best/accuracy test_best/AUC",
  );
});
