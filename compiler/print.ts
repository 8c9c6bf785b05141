/** What is printed, with what a terminal would obey made visible. */
import { printableJson, printableLines } from "./artifact/printable.ts";

export const print = (text: string): void => void process.stdout.write(`${printableLines(text)}\n`);
export const printJson = (value: object): void => void process.stdout.write(`${printableJson(value)}\n`);
export const printError = (text: string): void => void process.stderr.write(`${printableLines(text)}\n`);
