/** Weights to start from: ImageNet's ViT or DeiT, or an AST, SSAST or AudioMAE of another length or other classes. */

/** Weights to start from; what became of each tensor is told when the spec is compiled. */
export interface Checkpoint {
  readonly kind: "checkpoint";
  /**
   * `.pth`, `.safetensors`, `.npz`, `graph.onnx` or a folder as Hugging Face has it, relative to the spec's file.
   * The command line's `--weights` goes first. Default: none, which leaves the choice to `--weights`.
   */
  readonly file?: string;
  /**
   * Which of the file's models, where there are several: `"model_ema"`, `"teacher"`. The command line's `--weights-from` goes first.
   * Default: the model before averages of it, and a teacher before its student.
   */
  readonly from?: string;
  /**
   * For a grid of patches that the source does not have: cut from the centre where it is larger, interpolate where it is
   * smaller (the paper's is bilinear, section 2.2), or start the positions at random. Default: "bilinear".
   */
  readonly positions?: "bilinear" | "nearest" | "random";
  /** Where the source has no distillation token: start it as a copy of the class token. Default: an error that says so. */
  readonly missingDist?: "copyOfCls";
  /** Where patches are of another size: interpolate their kernels. Default: an error that says so. */
  readonly patches?: "bilinear";
  /** The source's grid, where its file does not tell: patches along frequency (rows) and time (columns). Default: what the file, else the official recipes tell. */
  readonly grid?: {
    /** Patches along frequency. */
    readonly rows: number;
    /** Patches along time. */
    readonly columns: number;
  };
  /**
   * The source's patches, where its layout does not tell: one frequency after the other with kernels [bins, frames], as AST's,
   * or one time after the other with kernels [frames, bins], as AudioMAE's. Default: what the layout tells.
   */
  readonly order?: "frequencyFirst" | "timeFirst";
  /**
   * The source's class names by row of its classifier, where its file does not tell: a CSV with the columns `index` and
   * `display_name` or `name`, relative to the spec's file. The command line's `--weights-labels` goes first.
   * Rows go to the spec's classes by name; a class without a row starts anew. Default: what lies beside the weights.
   */
  readonly labels?: string;
  /**
   * "own": to train on the spec's features although the source was trained on others, as the paper does with another data
   * set's mean and deviation. Default: an error that says what differs.
   */
  readonly features?: "own";
}
export const checkpoint = (options: Omit<Checkpoint, "kind"> = {}): Checkpoint => ({ kind: "checkpoint", ...options });
