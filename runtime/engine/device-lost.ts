/** That a device is gone in the middle of its work, with all that was in its memory: not the graph's fault, nor anyone's. */
export class DeviceLost extends Error {
  override readonly name = "DeviceLost";
}
