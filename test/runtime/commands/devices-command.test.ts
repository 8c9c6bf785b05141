import { expect, test } from "vitest";
import { describeDevices, devicesCommand } from "../../../runtime/commands/devices-command.ts";
import { saying } from "../saying.ts";
import { assess, withCuda, withoutDawn, withoutLoader, withSoftwareGpu } from "../devices/machines.ts";

test("a machine with everything", () => {
  expect(describeDevices(assess(withCuda))).toBe(
    `device  usable  name                     driver            float16  memory
cpu     yes     AMD EPYC                 2 threads         yes      16.0 GB
webgpu  yes     NVIDIA GeForce RTX 4070  NVIDIA 550.54.14  yes      tensors up to 2.1 GB
cuda    yes     NVIDIA GeForce RTX 4070  driver 550.54.14  yes      12.9 GB

auto takes cuda`,
  );
});

test("a machine with a GPU in software", () => {
  expect(describeDevices(assess(withSoftwareGpu))).toBe(
    `device  usable       name                          driver                    float16  memory
cpu     yes          AMD EPYC                      2 threads                 yes      16.0 GB
webgpu  in software  SwiftShader Device (Subzero)  SwiftShader driver 5.0.0  no       tensors up to 1.1 GB
cuda    no           -                             -                         -        -

auto takes cpu (no GPU but one in software, SwiftShader Device (Subzero))

cuda: no NVIDIA card is found`,
  );
});

test("a machine without the npm package webgpu", () => {
  expect(describeDevices(assess(withoutDawn))).toBe(
    `device  usable  name                         driver     float16  memory
cpu     yes     AMD EPYC                     2 threads  yes      16.0 GB
webgpu  yes     a graphics card or software  -          no       -
cuda    no      -                            -          -        -

auto takes cpu (no GPU: the npm package webgpu, which tells a graphics card from software, is not installed)

webgpu: the npm package webgpu, which tells a graphics card from software, is not installed; run: npm install webgpu@0.6
cuda: no NVIDIA card is found`,
  );
});

test("a machine that lacks something", () => {
  expect(describeDevices(assess(withoutLoader))).toBe(
    `device  usable  name      driver     float16  memory
cpu     yes     AMD EPYC  2 threads  yes      16.0 GB
webgpu  no      -         -          -        -
cuda    no      -         -          -        -

auto takes cpu (no GPU: the Vulkan loader libvulkan.so.1 is missing)

webgpu: the Vulkan loader libvulkan.so.1 is missing; run: apt-get install libvulkan1
cuda: no NVIDIA card is found`,
  );
});

test("for programs: an object per device, one of them automatic", async () => {
  const objects: object[] = [];
  const output = {
    json: (value: object) => objects.push(value),
    result: () => {},
    progress: () => {},
    note: () => {},
    terminal: undefined,
  };
  expect(await devicesCommand.run(["--json"], output, new AbortController().signal)).toBe(0);
  expect(objects).toMatchObject([{ kind: "cpu", isUsable: true }, { kind: "webgpu" }, { kind: "cuda" }]);
  expect(objects.filter((object) => "isAutomatic" in object && object.isAutomatic)).toHaveLength(1);
});

test("operands", async () => {
  const output = { json: () => {}, result: () => {}, progress: () => {}, note: () => {}, terminal: undefined };
  await expect(devicesCommand.run(["all"], output, new AbortController().signal)).rejects.toThrow(
    saying("runtime devices takes no operands, but got all; see runtime devices --help"),
  );
});
