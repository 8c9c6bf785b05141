import type { Html } from "../../text/html.ts";

/**
 * Light or dark as the reader's system; light on paper. A box that scrolls has shades at its edges, which covers that scroll with the
 * content (`local`) hide where there is no more to see.
 */
export const style: Html = {
  markup: `
:root { --back:#fff; --card:#f6f7f9; --text:#1c2128; --soft:#5c6773; --line:#d9dee4; --shade:#0003;
  --c1:#2563c9; --c2:#c8472b; --c3:#1d8a4c; --c4:#8a55c8; --c5:#a4740a; }
@media screen and (prefers-color-scheme: dark) { :root { --back:#14171c; --card:#1c2128; --text:#e3e7ec; --soft:#98a3b0;
  --line:#353d47; --shade:#000a; --c1:#6aa5ff; --c2:#ff8a70; --c3:#5fd08f; --c4:#c39bff; --c5:#e5b84d; } }
* { box-sizing:border-box; } html { -webkit-text-size-adjust:100%; text-size-adjust:100%; }
body { margin:0 auto; padding:2rem 1.5rem 4rem; max-width:1120px; background:var(--back); color:var(--text);
  font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif; }
h1 { margin:0 0 .5rem; font-size:2rem; line-height:1.2; overflow-wrap:anywhere; }
h2, h3 { margin:1.8rem 0 .5rem; font-size:1.15rem; }
a { color:var(--c1); }
h2.part { margin-top:2.5rem; padding-top:1rem; border-top:1px solid var(--line); font-size:1.4rem; }
p { margin:.3rem 0 .8rem; max-width:75ch; color:var(--soft); }
p.missing { padding:.6rem .9rem; border-left:3px solid var(--c5); background:var(--card); overflow-wrap:anywhere; }
pre { margin:0; padding:.7rem .9rem; background:var(--card); border-radius:6px; white-space:pre-wrap; overflow-wrap:anywhere; font-size:13px; }
.tiles { display:grid; grid-template-columns:repeat(auto-fill,minmax(6.9rem,1fr)); gap:.6rem; max-width:44rem; }
.tiles div { padding:.6rem .8rem; background:var(--card); border-radius:6px; }
.tiles b { display:block; overflow-wrap:anywhere; font-size:1.3rem; line-height:1.25; font-variant-numeric:tabular-nums; }
.tiles span { color:var(--soft); font-size:13px; }
.columns { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr)); gap:0 2rem; }
dl { display:grid; grid-template-columns:max-content 1fr; gap:.15rem 1rem; margin:0; font-size:14px; }
dt { color:var(--soft); } dd { margin:0; overflow-wrap:anywhere; }
figure { margin:0; break-inside:avoid; }
.charts { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr)); gap:1.2rem 1.5rem; align-items:end; }
.charts.small { grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr)); }
.key { margin-left:.8rem; color:var(--soft); font-size:13px; white-space:nowrap; }
.key::before { content:""; display:inline-block; width:1.3rem; margin-right:.35rem; vertical-align:middle; border-top:3px var(--dash,solid) var(--color); }
.color-1 { --color:var(--c1); } .color-2 { --color:var(--c2); } .color-3 { --color:var(--c3); --dash:dashed; }
.color-4 { --color:var(--c4); --dash:dotted; } .color-5 { --color:var(--c5); }
svg { font-family:inherit; } svg text { fill:var(--soft); unicode-bidi:plaintext; }
.plot { padding:.8em 1.2em 3.4em 4.3em; font-size:12px; } .plot > svg { display:block; width:100%; height:215px; }
.small .plot > svg { height:180px; } .plot svg { overflow:visible; }
.grid { stroke:var(--line); stroke-width:.6; } .axis, .tick { stroke:var(--soft); stroke-width:1; }
.marker { stroke:var(--soft); stroke-width:1; stroke-dasharray:4 4; }
.lines path { fill:none; stroke:var(--color); stroke-width:1.8; stroke-linejoin:round; vector-effect:non-scaling-stroke; }
.lines .color-3 { stroke-dasharray:7 4; } .lines .color-4 { stroke-dasharray:2 3; } .lines .faint { stroke-width:1; opacity:.3; } .plot circle { fill:var(--color); }
.beside { display:flex; flex-wrap:wrap; gap:1.5rem 2.5rem; align-items:flex-start; }
.beside table { flex:1 1 auto; max-width:42rem; } .beside td, .clip th { overflow-wrap:anywhere; }
.confusion { display:block; width:100%; max-width:var(--most); height:auto; } .confusion .empty { fill:var(--text); opacity:.04; }
.confusion .right rect { fill:var(--c1); } .confusion .wrong rect { fill:var(--c2); }
.confusion g text { fill:var(--text); }
table { border-collapse:collapse; font-size:13.5px; }
th { text-align:left; color:var(--soft); font-weight:600; } tbody th { color:inherit; font-weight:400; }
th, td { padding:.22rem .6rem; border-bottom:1px solid var(--line); }
.number { text-align:right; font-variant-numeric:tabular-nums; white-space:nowrap; }
.bar { position:relative; min-width:5.2rem; } .bar span { position:relative; }
.bar i { position:absolute; left:0; top:3px; bottom:3px; background:var(--c1); opacity:.25; border-radius:2px; }
.bar u { position:absolute; top:calc(50% - 1px); border-top:2px solid var(--c2); } .bar.wide { min-width:11rem; }
.classes { width:100%; border-collapse:separate; border-spacing:0; }
.classes bdi { display:inline-block; width:max-content; max-width:min(14rem,36vw); overflow-wrap:anywhere; }
.hint { display:none; }
@media screen { .scroll { min-width:0; max-height:min(40rem,75vh); overflow:auto;
    background:linear-gradient(90deg,var(--back) 35%,transparent) 0/3rem 100% local,
      linear-gradient(270deg,var(--back) 35%,transparent) 100%/3rem 100% local, linear-gradient(90deg,var(--shade),transparent) 0 1px/.9rem calc(100% - 2px),
      linear-gradient(270deg,var(--shade),transparent) 100% 1px/.9rem calc(100% - 2px); background-repeat:no-repeat; }
  .beside .scroll { max-height:none; } .confusion { width:var(--most); min-width:var(--least); max-width:100%; }
  .scroll:focus-visible { outline:2px solid var(--c1); outline-offset:2px; }
  .classes thead th { position:sticky; top:0; z-index:2; background:var(--back); box-shadow:inset 0 -1px var(--line); }
  .classes th:first-child { position:sticky; left:0; z-index:1; background:var(--back); }
  .classes thead th:first-child { z-index:3; } }
.clips { display:grid; grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr)); gap:1.2rem; }
.clip { padding:.8rem; background:var(--card); border-radius:6px; }
.clip figcaption { display:flex; justify-content:space-between; gap:1rem; margin-bottom:.5rem; font-size:13.5px; }
.clip figcaption b { overflow-wrap:anywhere; } .clip figcaption span { color:var(--soft); white-space:nowrap; }
.clip img { display:block; width:100%; height:130px; border-radius:3px; }
.clip audio { display:block; width:100%; height:2.6rem; margin-bottom:.4rem; }
.clip table { width:100%; } .clip .wrong i { background:var(--c2); } .clip .right th { font-weight:600; }
.clip .bar { width:45%; }
.time { display:flex; justify-content:space-between; margin:.1rem 0 .4rem; font-size:12px; max-width:none; }
@media screen and (max-width:940px) { .hint { display:block; margin-bottom:.4rem; font-size:13px; } }
@media screen and (max-width:600px) { body { padding:1.2rem 1rem 3rem; } h1 { font-size:1.7rem; } th, td { padding:.3rem .5rem; } }
@media print { body { max-width:none; padding:0; font-size:10.5px; line-height:1.4; } p { max-width:none; break-inside:avoid; }
  h1 { font-size:1.6rem; } h2, h3 { margin:1rem 0 .3rem; font-size:.95rem; } h2.part { margin-top:1.4rem; padding-top:.7rem; font-size:1.2rem; }
  pre, dl, table, .key, .time, .tiles span, .clip figcaption { font-size:10px; }
  .tiles div { padding:.35rem .6rem; } .clip audio { display:none; } a { color:inherit; text-decoration:none; }
  .plot { font-size:9px; } .plot > svg { height:165px; } .small .plot > svg { height:120px; } .tiles b { font-size:1.1rem; }
  .columns, .charts { grid-template-columns:1fr 1fr; row-gap:.8rem; } .clips, .charts.small { grid-template-columns:1fr 1fr 1fr; gap:.8rem; }
  .beside .scroll { flex:2 1 24rem; } .classes bdi { max-width:9rem; }
  th, td { padding:.1rem .4rem; } .bar { min-width:3.4rem; }
  .clip { padding:.5rem; } .clip img { height:90px; }
  tr, .tiles, .confusion { break-inside:avoid; } h2, h3, h3 + p { break-after:avoid; }
  * { print-color-adjust:exact; -webkit-print-color-adjust:exact; } }
@page { margin:14mm; }
`,
};
