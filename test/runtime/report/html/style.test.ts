import { expect, test } from "vitest";
import { style } from "../../../../runtime/report/html/style.ts";

type Color = readonly [red: number, green: number, blue: number];

/** The colours of the light theme, then of the dark one, by name; [0, 255]. */
const themes = [...style.markup.matchAll(/:root \{([^}]*)\}/g)].map(
  ([, body = ""]) =>
    new Map(
      [...body.matchAll(/--([\w]+):#([0-9a-f]{3}(?:[0-9a-f]{3})?)(?=;)/g)].map(([, name = "", hex = ""]) => {
        const digits = hex.length === 3 ? hex.replaceAll(/./g, "$&$&") : hex;
        const channel = (at: number): number => Number.parseInt(digits.slice(at, at + 2), 16);
        return [name, [channel(0), channel(2), channel(4)] satisfies Color];
      }),
    ),
);

/** Of WCAG 2: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
const luminance = (color: Color): number => {
  const [red, green, blue] = color.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
};
const contrast = (a: Color, b: Color): number => {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

test.each(["light", "dark"])("text of the %s theme can be read: WCAG's 4.5 to 1; lines and marks 3 to 1", (name) => {
  const colors = themes[name === "light" ? 0 : 1];
  const color = (of: string): Color => {
    const found = colors?.get(of);
    if (!found) throw new Error(`there is no colour ${of}`);
    return found;
  };
  const over = (front: string, share: number): Color => {
    const [a, b] = [color(front), color("back")];
    const mix = (at: 0 | 1 | 2): number => a[at] * share + b[at] * (1 - share);
    return [mix(0), mix(1), mix(2)];
  };
  for (const back of ["back", "card"]) {
    for (const text of ["text", "soft", "c1"]) expect(contrast(color(text), color(back))).toBeGreaterThan(4.5);
    for (const line of ["c2", "c3", "c4", "c5"]) expect(contrast(color(line), color(back))).toBeGreaterThan(3);
  }
  // numbers on a matrix' darkest cells
  for (const cell of ["c1", "c2"]) expect(contrast(color("text"), over(cell, 0.5))).toBeGreaterThan(4.5);
});
