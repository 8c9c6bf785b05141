/** What a tab can compute on. */
import { plural } from "../../compiler/artifact/plural.ts";
import { type DescribedDevice, cpuDevice, type DeviceName } from "../engine/device.ts";
import { isSoftwareGpu } from "../engine/is-software-gpu.ts";
import { UserError } from "../user-error.ts";

/** As far as they are asked for: TypeScript's own types of the DOM lack WebGPU. */
interface Adapter {
  readonly info: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly features: ReadonlySet<string>;
  readonly limits: { readonly maxStorageBufferBindingSize: number; readonly maxBufferSize: number };
}

interface Gpu {
  readonly requestAdapter: (options: { readonly powerPreference: "high-performance" }) => Promise<Adapter | null>;
}

/** More are hardly faster: phones have few fast cores. */
const mostThreads = 4;

/** WebAssembly has threads on pages alone that are isolated from other origins. */
export const wasmThreads = (): number =>
  crossOriginIsolated ? Math.max(1, Math.min(mostThreads, navigator.hardwareConcurrency)) : 1;

const describeCpu = (reason: string | undefined): DescribedDevice => {
  const device = { ...cpuDevice, name: "WebAssembly" };
  const threads = wasmThreads();
  const driver = crossOriginIsolated
    ? `${threads} ${plural(threads, "thread")}`
    : "1 thread, as the page is not cross-origin isolated";
  return { device, description: { kind: device.kind, name: device.name, driver, ...(reason ? { reason } : {}) } };
};

const findAdapter = async (): Promise<Adapter | string> => {
  const { gpu } = navigator as { readonly gpu?: Gpu };
  if (!gpu) return isSecureContext ? "this browser has no WebGPU" : "WebGPU needs a page that is served securely";
  try {
    return (await gpu.requestAdapter({ powerPreference: "high-performance" })) ?? "the browser finds no adapter";
  } catch (error) {
    return `the browser finds no adapter (${String(error)})`;
  }
};

const describeGpu = ({ info, features, limits }: Adapter): DescribedDevice => {
  const { vendor, architecture, device, description } = info;
  const told = [description, [vendor, device || architecture].filter(Boolean).join(" ")];
  const name = told.find((each) => each !== "") ?? "a GPU without a name";
  const isSoftware = isSoftwareGpu(info.isFallbackAdapter === true, ...told, architecture);
  const maxTensorBytes = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  return {
    device: { kind: "webgpu", name, float16: features.has("shader-f16"), maxTensorBytes },
    description: { kind: "webgpu", name, isSoftware },
  };
};

/**
 * The device, and what takes its place where it does not run a graph. Default: WebGPU, unless software plays it.
 * @throws UserError where the browser has not what is asked for
 */
export const selectDevices = async (
  name: DeviceName = "auto",
): Promise<readonly [DescribedDevice, ...(readonly DescribedDevice[])]> => {
  const refuse = (reason: string): never => {
    throw new UserError("device-missing", { option: "device", device: name }, `${name}: ${reason}`);
  };
  if (name === "cpu") return [describeCpu(undefined)];
  if (name === "cuda") return refuse("browsers have none");
  const adapter = await findAdapter();
  if (typeof adapter === "string") return name === "webgpu" ? refuse(adapter) : [describeCpu(`no GPU: ${adapter}`)];
  const gpu = describeGpu(adapter);
  if (name === "webgpu") return [gpu];
  return gpu.description.isSoftware === true
    ? [describeCpu(`no GPU but one in software, ${gpu.description.name}`)]
    : [gpu, describeCpu(undefined)];
};
