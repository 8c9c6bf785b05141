/** Of the package, in package.json: written to each file, and to each run. */
export const version = "0.1.0";
