/** From a network as written to its layers in their places: blocks unrolled, paths decided, flows inferred. */
import type { DiagnosticCode } from "../diagnostics/codes/codes.ts";
import { leastLength } from "../artifact/dim.ts";
import type { Layer, Layers } from "../../spec/dsl/layers.ts";
import type { Report } from "../diagnostics/report.ts";
import { type Flow, flowDescriptions, lengthsOf } from "../ir/flow.ts";
import type { PlacedLayer } from "../ir/placed-layer.ts";
import { elements, printShape } from "../ir/shape.ts";
import type { LayerRow } from "./layer.ts";
import { builderName, isLayer, rowOf } from "./table.ts";

/** What flows where a layer did not fit: it is not known, and what follows is silent about it. */
type Unknown = undefined;

interface Placed {
  /** Without those that nothing known reaches. */
  readonly layers: readonly PlacedLayer[];
  readonly gives: Flow | Unknown;
}

const flatten = (layers: Layers): readonly Layer[] =>
  layers.flatMap((layer) => (Array.isArray(layer) ? flatten(layer) : [layer as Layer]));

/** What stands in a network for a layer and is none: a spec can get past its types. */
export const findStrangers = (network: unknown): readonly unknown[] => {
  if (Array.isArray(network)) return network.flatMap(findStrangers);
  if (!isLayer(network)) return [network];
  const row = rowOf(network);
  return findStrangers("unroll" in row ? row.unroll(network) : (row.branch?.(network) ?? []));
};

/** `layerNorm`, or `layerNorm1`, `layerNorm2` where a list has several. */
const nameLayers = (layers: readonly Layer[]): readonly string[] => {
  const names = layers.map((layer) => rowOf(layer).name?.(layer) ?? layer.kind);
  return names.map((name, index) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name;
    return `${name}${names.slice(0, index + 1).filter((other) => other === name).length}`;
  });
};

/** Lengths that tensors may have; others come of options that are reported already. */
const isSound = (flow: Flow): boolean =>
  lengthsOf(flow).every((length) => Number.isSafeInteger(leastLength(length)) && leastLength(length) >= 1);

/** Reports for the copies of a block, one after the other: what an earlier copy was told is not told again. */
const createCopyReports = (report: Report): (() => Report) => {
  const told: (readonly [code: DiagnosticCode, place: unknown])[] = [];
  return () => {
    const earlier = [...told];
    return {
      ...report,
      add: (code, message, object, property, fix) => {
        const place = report.placeOf?.(object, property) ?? object;
        if (earlier.some(([other, where]) => other === code && where === place)) return;
        told.push([code, place]);
        report.add(code, message, object, property, fix);
      },
    };
  };
};

/** Places items one after the other, each where the one before it left off. */
const inTurn = <Item>(
  items: readonly Item[],
  start: Flow | Unknown,
  placeItem: (item: Item, takes: Flow | Unknown, index: number) => Placed,
): Placed =>
  items.reduce<Placed>(
    ({ layers, gives }, item, index) => {
      const next = placeItem(item, gives, index);
      return { layers: [...layers, ...next.layers], gives: next.gives };
    },
    { layers: [], gives: start },
  );

/** No tensor has more: 2 GiB of float32, what one message of the standard holds. */
const mostValues = 2 ** 29;

/** Where layers stand. */
interface Place {
  readonly prefix: string;
  /** Whether the last of them ends a branch. */
  readonly endsBranch: boolean;
  readonly classCount: number;
  readonly report: Report;
}

const placeLayers = (list: Layers, start: Flow | Unknown, place: Place): Placed => {
  const flat = flatten(list);
  const names = nameLayers(flat);
  return inTurn(flat, start, (layer, takes, index) => {
    const path = place.prefix + (names[index] ?? layer.kind);
    const row = rowOf(layer);
    const endsBranch = place.endsBranch && index === flat.length - 1;
    let isWrong = false;
    const report: Report = {
      ...place.report,
      add: (...entry) => {
        isWrong = true;
        place.report.add(...entry);
      },
    };
    row.check?.(layer, report, endsBranch);
    if ("unroll" in row) {
      const nextReport = createCopyReports(place.report);
      const copies = row.unroll(layer);
      return inTurn(copies, takes, (copy, from, turn) =>
        placeLayers(copy, from, {
          ...place,
          prefix: `${path}.${turn}.`,
          endsBranch: endsBranch && turn === copies.length - 1,
          report: nextReport(),
        }),
      );
    }
    return placeLayer(layer, row, path, takes, place, isWrong);
  });
};

/**
 * A misfit does not end the inference: the layer gives what it would if it fitted, or, where that cannot be told, something
 * unknown, so that all misfits are found that do not follow from others.
 * @param isWrong whether its check reported anything
 */
const placeLayer = (
  layer: Layer,
  row: LayerRow<Layer, Flow, string, string>,
  path: string,
  takes: Flow | Unknown,
  { classCount, report }: Place,
  isWrong: boolean,
): Placed => {
  const fitting = takes && row.takes.includes(takes.kind) ? takes : undefined;
  if (takes && !fitting) {
    const expected = row.takes.map((kind) => flowDescriptions[kind]).join(" or ");
    const message = `${builderName(layer)} takes ${expected}, but what reaches it is ${flowDescriptions[takes.kind]}`;
    report.add("layer-order", message, layer);
  }
  const place = { prefix: `${path}.`, endsBranch: true, classCount, report };
  const inside = row.branch ? placeLayers(row.branch(layer), fitting, place) : undefined;
  if (!fitting) return { layers: [], gives: undefined };

  const standing = { layer, takes: fitting, classCount };
  const misfit = (code: DiagnosticCode, message: string, property?: string, fix?: string): void =>
    report.add(code, message, layer, property, fix);
  const gives = row.flow?.({ ...standing, path, isWrong, branch: inside?.gives, misfit }) ?? fitting;
  if (!isSound(gives)) return { layers: [], gives: undefined };
  const parameters = row.parameters?.(standing) ?? [];
  const huge = parameters.find(({ shape }) => elements(shape) > mostValues);
  if (huge && !isWrong) {
    const message = `${path}.${huge.name} ${printShape(huge.shape)} has more values than a tensor holds; expected at most ${mostValues}`;
    report.add("parameter-too-large", message, layer);
  }
  const placed: PlacedLayer = {
    layer,
    path,
    inner: inside?.layers ?? [],
    takes: fitting,
    gives,
    parameters,
    statistics: row.statistics?.(standing) ?? [],
    facts: row.facts?.(standing) ?? {},
  };
  return { layers: [placed], gives };
};

/** Whether a network has no layer that does anything. */
export const isEmpty = (network: Layers): boolean =>
  flatten(network).every((layer) => {
    const row = rowOf(layer);
    return "unroll" in row && row.unroll(layer).every(isEmpty);
  });

/**
 * @param start what reaches the first layer; undefined: not known
 * @param classCount as many logits as the network must end in; 0: not known
 * @returns undefined where what it ends in is not known after a misfit; all of them are reported
 */
export const placeNetwork = (
  network: Layers,
  start: Flow | undefined,
  classCount: number,
  report: Report,
): readonly PlacedLayer[] | undefined => {
  const { layers, gives } = placeLayers(network, start && isSound(start) ? start : undefined, {
    prefix: "",
    endsBranch: false,
    classCount,
    report,
  });
  const last = layers.at(-1)?.layer;
  if (gives && last && classCount > 0 && (gives.kind !== "vector" || gives.width !== classCount)) {
    const found = gives.kind === "vector" ? `${gives.width} values per clip` : flowDescriptions[gives.kind];
    const message = `the network must end in one logit per class (${classCount}), but it ends in ${found}`;
    report.add("network-ends-in-logits", message, last);
  }
  return gives && layers;
};
