/**
 * SwiftShader (Chromium), llvmpipe and lavapipe (Mesa), Basic Render and WARP (Windows). By name too: Dawn calls those
 * alone a fallback that their driver declares to be a CPU.
 */
const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/** Whether an adapter of WebGPU is played by the CPU. @param told all that it says of itself */
export const isSoftwareGpu = (isFallback: boolean, ...told: readonly string[]): boolean =>
  isFallback || softwareNames.test(told.join(" "));
