/** Weights to start from: ImageNet's ViT or DeiT, or an AST, SSAST or AudioMAE of another length or other classes. */

export interface Checkpoint {
  readonly kind: "checkpoint";
  /**
   * `.pth`, `.safetensors`, `.npz`, `graph.onnx` or a folder as Hugging Face has it, relative to the spec's file.
   * The command line's `--weights` goes first.
   */
  readonly file?: string;
  /**
   * Which of the file's models, where there are several: `"model_ema"`, `"teacher"`. The command line's `--weights-from` goes first.
   * Default: the model before averages of it, and a teacher before its student.
   */
  readonly from?: string;
  /**
   * For a grid of patches that the source does not have: cut from the centre where it is larger, interpolate where it is
   * smaller (the paper's is bilinear, section 2.2), or start the positions at random.
   */
  readonly positions?: "bilinear" | "nearest" | "random";
  /** Where the source has no distillation token. Default: an error that says so. */
  readonly missingDist?: "copyOfCls";
  /** Where patches are of another size. Default: an error that says so. */
  readonly patches?: "bilinear";
  /** The source's grid, where its file does not tell: patches along frequency and time. */
  readonly grid?: { readonly rows: number; readonly columns: number };
  /**
   * The source's patches, where its layout does not tell: one frequency after the other with kernels [bins, frames], as AST's,
   * or one time after the other with kernels [frames, bins], as AudioMAE's.
   */
  readonly order?: "frequencyFirst" | "timeFirst";
  /**
   * The source's class names by row of its classifier, where its file does not tell: a CSV with the columns `index` and
   * `display_name` or `name`, relative to the spec's file. The command line's `--weights-labels` goes first.
   * Rows go to the spec's classes by name; a class without a row starts anew.
   */
  readonly labels?: string;
  /**
   * "own": to train on the spec's features although the source was trained on others, as the paper does with another data
   * set's mean and deviation. Default: an error that says what differs.
   */
  readonly features?: "own";
}
export const checkpoint = (options: Omit<Checkpoint, "kind"> = {}): Checkpoint => ({ kind: "checkpoint", ...options });
