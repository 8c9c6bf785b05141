/** How Linux distributions add what a graphics card needs. */

const nvidiaLibraries = "cuda-libraries-12-9 libcudnn9-cuda-12";

const commands = {
  vulkanLoader: {
    debian: "apt-get install libvulkan1",
    fedora: "dnf install vulkan-loader",
    arch: "pacman -S vulkan-icd-loader",
    suse: "zypper install libvulkan1",
  },
  // For AMD and Intel; that of NVIDIA comes with its driver.
  vulkanDriver: {
    debian: "apt-get install mesa-vulkan-drivers",
    fedora: "dnf install mesa-vulkan-drivers",
    arch: "pacman -S vulkan-radeon vulkan-intel",
    suse: "zypper install libvulkan_radeon libvulkan_intel",
  },
  nvidiaDriver: { ubuntu: "ubuntu-drivers install", debian: "apt-get install nvidia-driver" },
  // From NVIDIA's repository of packages.
  cudaLibraries: { debian: `apt-get install ${nvidiaLibraries}`, fedora: `dnf install ${nvidiaLibraries}` },
} as const;

const elsewhere: Readonly<Record<LinuxPart, string>> = {
  vulkanLoader: "install your distribution's Vulkan loader",
  vulkanDriver: "install the graphics card's Vulkan driver",
  nvidiaDriver: "install it from https://www.nvidia.com/drivers",
  cudaLibraries: "install CUDA 12 and cuDNN 9 from https://developer.nvidia.com/cuda-downloads",
};

export type LinuxPart = keyof typeof commands;

/** What to do for a part, given the distribution and those it derives from, the nearest first. */
export const installPart = (part: LinuxPart, distributions: readonly string[]): string => {
  const known: Readonly<Record<string, string>> = commands[part];
  const distribution = distributions.find((name) => Object.hasOwn(known, name));
  return distribution === undefined ? elsewhere[part] : `run: ${known[distribution]}`;
};
