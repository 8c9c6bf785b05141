/** Pages that may do nothing that their user is not meant to see. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/**
 * Opens an address in a profile of its own, has something done there, and closes it.
 * @throws where the page logs an error, fails, or asks another origin for anything
 */
export const visit = async <Result>(
  browser: Browser,
  url: string,
  act: (page: Page) => Promise<Result>,
  options: BrowserContextOptions = {},
): Promise<Result> => {
  const problems: string[] = [];
  const { origin } = new URL(url);
  const context = await browser.newContext(options);
  // A GPU in software compiles its shaders first.
  context.setDefaultTimeout(120_000);
  context.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  context.on("weberror", (error) => problems.push(`error: ${error.error().message}`));
  context.on("request", (request) => {
    const address = new URL(request.url());
    const isOwn = address.protocol === "data:" || address.origin === origin;
    if (!isOwn) problems.push(`request: ${request.url()}`);
  });
  try {
    const page = await context.newPage();
    await page.goto(url);
    const result = await act(page);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return result;
  } finally {
    await context.close();
  }
};
