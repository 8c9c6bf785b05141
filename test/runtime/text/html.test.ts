import { expect, test } from "vitest";
import { html } from "../../../runtime/text/html.ts";

test("texts are escaped, in attributes too", () => {
  const name = `<script>alert("1 & '2'")</script>`;
  const escaped = "&lt;script&gt;alert(&quot;1 &amp; &#39;2&#39;&quot;)&lt;/script&gt;";
  expect(html`<b title="${name}">${name}</b>`.markup).toBe(`<b title="${escaped}">${escaped}</b>`);
});

test("templates nest, lists are joined, null is nothing", () => {
  const items = ["a", "<b>"].map((item) => html`<i>${item}</i>`);
  expect(html`<b>${items}${null}${3}</b>`.markup).toBe("<b><i>a</i><i>&lt;b&gt;</i>3</b>");
});

test("what would be invisible is shown, ends of lines, tabs and every script are left", () => {
  const name = "a\u0000b\u001b[31m\t\u202e\u2066\ufeff\ud800é\n咳 שלום 🐶";
  const shown = String.raw`a\u{0}b\u{1b}[31m${"\t"}\u{202e}\u{2066}\u{feff}\u{d800}é` + "\n咳 שלום 🐶";
  expect(html`<b title="${name}">${name}</b>`.markup).toBe(`<b title="${shown}">${shown}</b>`);
});
