/** Of the runtime; the version in package.json. */
export const runtimeVersion = "0.1.0";
