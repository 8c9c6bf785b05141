import { html, type Html } from "../../text/html.ts";
import { style } from "./style.ts";

/** Nothing is loaded but what the page holds, and sounds from files beside it; no script runs. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self' file: data:; base-uri 'none'; form-action 'none'";

/** A page that needs nothing else. */
export const renderPage = (title: string, body: Html): string => {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="referrer" content="no-referrer" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `;
  return page.markup;
};
