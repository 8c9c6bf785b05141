/** `runtime devices`. */
import { type Command, exitCodes } from "./command.ts";
import { commonOptions, parseOptions, type Usage } from "./options.ts";
import { programName } from "../../compiler/artifact/files/program-name.ts";
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { UserError } from "../user-error.ts";
import { chooseDevice, type DeviceReports } from "../devices/choose-device.ts";
import { type DeviceReport, explainMissing } from "../devices/device-report.ts";
import { probeDevices } from "../devices/probe-devices.ts";

const options = { ...commonOptions } as const;

const usage: Usage<typeof options> = {
  name: "devices",
  synopsis: "[options]",
  description: `Lists what this machine can compute on, which of it \`--device auto\` takes, and how to add what is missing.
webgpu is any graphics card, by Vulkan, Metal or Direct3D 12; cuda is one of NVIDIA.`,
  operands: [],
  options,
  examples: ["runtime devices", "runtime devices --json | jq 'select(.isUsable) | .kind'"],
};

const describeMemory = ({ memoryBytes, maxTensorBytes }: { memoryBytes?: number; maxTensorBytes?: number }): string => {
  if (memoryBytes !== undefined) return formatBytes(memoryBytes);
  return maxTensorBytes === undefined ? "-" : `tensors up to ${formatBytes(maxTensorBytes)}`;
};

const describeRow = (report: DeviceReport): readonly string[] => {
  if (!report.isUsable) return [report.kind, "no", "-", "-", "-", "-"];
  const { kind, name, driver = "-", isSoftware, float16 } = report;
  return [
    kind,
    isSoftware === true ? "in software" : "yes",
    name,
    driver,
    float16 ? "yes" : "no",
    describeMemory(report),
  ];
};

/** The devices in a table, what `auto` takes, and how to add the missing ones. */
export const describeDevices = (reports: DeviceReports): string => {
  const { device, reason } = chooseDevice(reports);
  const all = [reports.cpu, reports.webgpu, reports.cuda];
  const header = ["device", "usable", "name", "driver", "float16", "memory"];
  const missing = all.flatMap(({ kind, missing, fix }) =>
    missing === undefined ? [] : [`${kind}: ${explainMissing({ missing, ...(fix === undefined ? {} : { fix }) })}`],
  );
  return [
    formatTable([header, ...all.map(describeRow)], "left"),
    `auto takes ${device.kind}${reason === undefined ? "" : ` (${reason})`}`,
    ...(missing.length > 0 ? [missing.join("\n")] : []),
  ].join("\n\n");
};

export const devicesCommand: Command = {
  usage,
  run: async (args, output) => {
    const { operands } = parseOptions(usage, args);
    if (operands.length > 0)
      throw new UserError(
        "usage",
        {},
        `${programName} devices takes no operands, but got ${operands.join(" ")}; see ${programName} devices --help`,
      );
    const reports = await probeDevices();
    const automatic = chooseDevice(reports).device.kind;
    for (const report of [reports.cpu, reports.webgpu, reports.cuda]) {
      output.json({ ...report, isAutomatic: report.kind === automatic });
    }
    output.result(describeDevices(reports));
    return exitCodes.done;
  },
};
