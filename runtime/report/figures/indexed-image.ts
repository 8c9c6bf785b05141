/** A picture of few colours. */
export interface IndexedImage {
  readonly width: number;
  readonly height: number;
  /** [height, width], top row first: indices into the palette. */
  readonly pixels: Uint8Array;
  /** [colours, 3]: red, green, blue; 256 colours at most. */
  readonly palette: Uint8Array;
  /** [colours]: how much of each is seen, of 255. Default: all. */
  readonly alphas?: Uint8Array;
}
