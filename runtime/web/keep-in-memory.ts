/** Keeps a training in what the browser holds for the page, so that it outlives the thread and the GPU that it is computed on. */
import { type Artifact, decodeArtifact } from "../artifact/decode-artifact.ts";
import { encodeArtifact } from "../artifact/encode-artifact.ts";
import type { DataFile, StoredTensor } from "../artifact/stored-tensor.ts";
import type { HostTensor } from "../engine/engine.ts";
import type { TrainingProgress, TrainingState } from "../runs/training-progress.ts";
import type { GraphKind, Keeper } from "../train/keeper.ts";

/** A tensor's place in what is kept. */
interface Place extends Pick<StoredTensor, "name" | "type" | "dims"> {
  readonly offset: number;
}

/** All that a training goes on from. */
export interface Kept {
  readonly progress: TrainingProgress;
  readonly states: readonly Place[];
  readonly sums: readonly Place[];
  /** The tensors' values. */
  readonly values: Blob;
  readonly graphs: Graphs;
}

export type Graphs = Readonly<Partial<Record<GraphKind, File>>>;

const fileNames: Readonly<Record<GraphKind, string>> = {
  last: "graph.onnx",
  best: "best.onnx",
  averaged: "averaged.onnx",
};

/** Tensors one after the other. */
const pack = (tensors: readonly (Pick<StoredTensor, "name" | "type" | "dims"> & Pick<HostTensor, "data">)[]) => {
  let offset = 0;
  const places = tensors.map(({ name, type, dims, data }): Place => {
    const place = { name, type, dims, offset };
    offset += data.byteLength;
    return place;
  });
  return { places, parts: tensors.map(({ data }) => data as Float32Array<ArrayBuffer>) };
};

const unpack = (values: Blob, places: readonly Place[]): ReadonlyMap<string, StoredTensor> => {
  const file: DataFile = {
    path: "what is kept",
    size: values.size,
    read: async (target, offset) => {
      target.set(new Uint8Array(await values.slice(offset, offset + target.length).arrayBuffer()));
    },
  };
  return new Map(
    places.map(({ offset, ...tensor }) => [tensor.name, { ...tensor, storage: { kind: "external", file, offset } }]),
  );
};

export const stateOf = ({ progress, states, sums, values }: Kept): TrainingState => ({
  progress,
  states: unpack(values, states),
  sums: unpack(values, sums),
});

export interface MemoryKeeper {
  readonly keeper: Keeper;
  readonly graphs: () => Graphs;
}

/**
 * @param earlier graphs that are kept already
 * @param onKept given all that is kept, each time that it can be gone on from
 */
export const keepInMemory = (earlier: Graphs, onKept: (kept: Kept) => void): MemoryKeeper => {
  const graphs: Partial<Record<GraphKind, File>> = { ...earlier };
  const keeper: Keeper = {
    nameOf: (kind) => graphs[kind]?.name ?? null,
    record: () => undefined,
    saveGraph: async (kind, artifact, read) => {
      const bytes = (await encodeArtifact(artifact, read)) as Uint8Array<ArrayBuffer>;
      graphs[kind] = new File([bytes], fileNames[kind], { type: "application/octet-stream" });
    },
    openGraph: async (kind): Promise<Artifact> => {
      const file = graphs[kind];
      if (!file) throw new Error(`no graph is kept as ${fileNames[kind]}`);
      return decodeArtifact(file.name, new Uint8Array(await file.arrayBuffer()));
    },
    saveState: async (progress, { changing, read }, sums, requireFinite) => {
      const states = [];
      for (const { name, type, dims } of changing) {
        const { data } = await read(name);
        if (data instanceof Float32Array) requireFinite(name, data);
        states.push({ name, type, dims, data });
      }
      const all = pack([
        ...states,
        ...sums.map(({ name, shape, read }) => ({ name, type: "float32" as const, dims: shape, data: read() })),
      ]);
      const places = { states: all.places.slice(0, states.length), sums: all.places.slice(states.length) };
      onKept({ progress, ...places, values: new Blob(all.parts), graphs: { ...graphs } });
    },
    close: async () => undefined,
  };
  return { keeper, graphs: () => graphs };
};
