import { type HostTensor, onHost, type Tensor, type TensorData } from "../../../runtime/engine/engine.ts";

export const hostTensor = (type: HostTensor["type"], data: TensorData, dims: readonly number[]): HostTensor => ({
  type,
  data,
  dims,
});

export const dataOf = (tensor: Tensor | undefined): TensorData | undefined => tensor && onHost(tensor).data;
