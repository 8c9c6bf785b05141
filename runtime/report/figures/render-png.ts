/** SVG as PNG, by resvg in WebAssembly: the same on every machine, with a font of its own, as containers have none. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";

const require = createRequire(import.meta.url);
const family = "DejaVu Sans";

const load = async (): Promise<readonly Uint8Array[]> => {
  await initWasm(await readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm")));
  const places = [
    require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
    require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
  ];
  return Promise.all(places.map((place) => readFile(place)));
};
let fonts: ReturnType<typeof load> | undefined;

/** Pixels for each unit of the drawing. */
const zoom = 2;

/** @param svg whose media queries do not count: it is drawn as for light screens */
export const renderPng = async (svg: string): Promise<Uint8Array> => {
  const fontBuffers = [...(await (fonts ??= load()))];
  const image = new Resvg(svg, {
    font: { fontBuffers, defaultFontFamily: family, sansSerifFamily: family },
    fitTo: { mode: "zoom", value: zoom },
  });
  const rendered = image.render();
  try {
    return rendered.asPng();
  } finally {
    rendered.free();
    image.free();
  }
};
