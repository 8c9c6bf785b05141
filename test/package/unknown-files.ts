/**
 * The files of a package that do not come from a file that git knows: what lies in a folder is packed, and stays in `dist/`
 * when its source is gone.
 */
export const unknownFiles = (packed: readonly string[], tracked: ReadonlySet<string>): readonly string[] =>
  packed.filter((path) => {
    const [, name] =
      /^dist\/(.+?)(?:\.d)?\.[jt]s$/.exec(
        path.replace("dist/spec-commonjs/", "dist/spec/").replace("dist/web/", "dist/runtime/web/"),
      ) ?? [];
    return (
      !tracked.has(path) &&
      !tracked.has(`${name}.ts`) &&
      !builtFiles.has(path) &&
      !emptied.some((folder) => path.startsWith(folder))
    );
  });

/** What the build makes of something else. */
const builtFiles = new Set([
  "dist/runtime/stats/front-end.onnx",
  "dist/spec-commonjs/package.json",
  "dist/web/licences.txt",
  ...["", ".asyncify"].flatMap((build) => [
    `dist/web/ort-wasm-simd-threaded${build}.mjs`,
    `dist/web/ort-wasm-simd-threaded${build}.wasm`,
  ]),
]);
/** Folders that the build fills anew each time, so that nothing stays there. */
const emptied = ["dist/vendor/", "dist/page/", "dist/runtime/chunks/"];
