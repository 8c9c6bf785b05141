import type { DescribedDevice, Device, DeviceDescription, DeviceName } from "../engine/device.ts";
import type { DeviceChoice } from "./choose-device.ts";
import { selectDevice } from "./select-device.ts";

const describe = ({ kind, name }: Device, choice: DeviceChoice | undefined): DeviceDescription => {
  const { driver, isSoftware } = choice?.device ?? {};
  return {
    kind,
    name,
    ...(driver === undefined ? {} : { driver }),
    ...(isSoftware === undefined ? {} : { isSoftware }),
    ...(choice?.reason === undefined ? {} : { reason: choice.reason }),
  };
};

/**
 * Finds a device. Default: the fastest.
 * @throws UserError for a device that this machine lacks
 */
export const selectDescribed = async (name?: DeviceName): Promise<DescribedDevice> => {
  let choice: DeviceChoice | undefined;
  const device = await selectDevice(name, (chosen) => {
    choice = chosen;
  });
  return { device, description: describe(device, choice) };
};
