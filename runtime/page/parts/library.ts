/**
 * `specgraph/web`, which this page uses like other pages: from the folder `web/` beside it. It is no part of the page's own
 * bundle.
 */
import type * as Library from "../../web/index.ts";

const url = new URL("./web/index.js", document.baseURI).href;

export const loadLibrary = (): Promise<typeof Library> => import(/* @vite-ignore */ url) as Promise<typeof Library>;
