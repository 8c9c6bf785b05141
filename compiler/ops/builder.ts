/** Writes graphs: each call of an operator appends one node, with its results' types inferred and checked. */
import type { Distribution, Draw } from "../artifact/draws.ts";
import { byOperand, type Emit, findOp, ops } from "./table.ts";
import type { Attributes, Constant, DType, Graph, Input, Node, Origin, State, TensorType, Value } from "../ir/graph.ts";

export type Builder = Emit & {
  readonly input: (name: string, type: TensorType) => Value;
  /** An input of training that is random: each clip, which the first axis counts, has draws of its own. */
  readonly draw: (name: string, type: TensorType & Pick<Draw, "dtype">, distribution: Distribution) => Value;
  readonly constant: (name: string, shape: readonly number[], data: Constant["data"]) => Value;
  readonly state: (state: Omit<State, "value">, name: string, type: TensorType) => Value;
  /** The state of that name. */
  readonly findState: (name: string) => Value;
  /** The operator of that name: for passes, which know none by name. */
  readonly apply: (op: string, operands: Node["inputs"], attributes: Attributes) => readonly Value[];
  /** What follows, until `write` returns, comes from there. */
  readonly from: <T>(origin: Origin, write: () => T) => T;
  /** What the next step finds in a state's place. */
  readonly update: (state: Value, next: Value) => void;
  readonly finish: (outputs: readonly Value[]) => Graph;
};

/** What a builder continues that begins anew. */
export const emptyGraph: Graph = { inputs: [], constants: [], states: [], nodes: [], outputs: [] };

const constantDtype = (data: Constant["data"]): DType => {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Uint16Array) return "float16";
  return data instanceof Int32Array ? "int32" : "int64";
};

/** Numbers what is alike, so that a node's name does not depend on what is written elsewhere in the graph. */
const createNumbers = (taken: readonly Node[]): ((stem: string) => string) => {
  const next = new Map<string, number>();
  for (const { outputs } of taken) {
    const [, stem, number] = /^(.+)\.(\d+)(?::\d+)?$/.exec(outputs[0]?.name ?? "") ?? [];
    if (stem !== undefined) next.set(stem, Math.max(next.get(stem) ?? 0, Number(number) + 1));
  }
  return (stem) => {
    const number = next.get(stem) ?? 0;
    next.set(stem, number + 1);
    return `${stem}.${number}`;
  };
};

/** @param base the graph to continue. */
export const createBuilder = (base: Graph = emptyGraph): Builder => {
  const inputs = [...base.inputs];
  const constants = new Map(base.constants.map((constant) => [constant.value.name, constant]));
  const states = new Map(base.states.map((state) => [state.value.name, state]));
  const nodes: Node[] = [...base.nodes];
  const numbered = createNumbers(base.nodes);
  let origin: Origin = { path: "", role: "forward" };

  const apply: Builder["apply"] = (op, operands, attributes) => {
    const row = findOp(op);
    const inferred = row.infer(
      byOperand(
        row,
        operands.map((value) => value?.type),
      ),
      attributes,
    );
    const types: readonly TensorType[] = "dtype" in inferred ? [inferred] : inferred;
    const name = numbered(`${origin.role}/${origin.path}/${op}`);
    const outputs = types.map((type, index) => ({ name: types.length === 1 ? name : `${name}:${index}`, type }));
    nodes.push({ op, inputs: operands, outputs, attributes, origin });
    return outputs;
  };

  const emitter =
    (op: string) =>
    (...args: readonly (Value | readonly Value[] | Attributes | undefined)[]): unknown => {
      const { operands, results } = findOp(op);
      const values = args.slice(0, operands.length) as (Value | readonly Value[] | undefined)[];
      const outputs = apply(op, values.flat(), (args[operands.length] ?? {}) as Attributes);
      if (!results) return outputs[0];
      return results[0] === "..."
        ? outputs
        : Object.fromEntries(results.map((result, index) => [result, outputs[index]]));
    };
  const emitters = Object.fromEntries(Object.keys(ops).map((op) => [op, emitter(op)])) as unknown as Emit;

  const constant: Builder["constant"] = (name, shape, data) => {
    const value = constants.get(name)?.value ?? { name, type: { dtype: constantDtype(data), shape } };
    constants.set(name, { value, data });
    return value;
  };

  const declare = (input: Input): Value => {
    inputs.push(input);
    return input;
  };

  const findState = (name: string): State => {
    const state = states.get(name);
    if (!state) throw new Error(`no state ${name}`);
    return state;
  };

  return {
    ...emitters,
    apply,
    constant,
    scalar: (value) => constant(`constant/${value}`, [], Float32Array.of(value)),
    int64s: (values) => {
      const name = values.length <= 8 ? `constant/[${values.join(",")}]` : `constant/int64s.${constants.size}`;
      return constant(
        name,
        [values.length],
        BigInt64Array.from(values, (value) => BigInt(value)),
      );
    },
    input: (name, type) => declare({ name, type }),
    draw: (name, type, distribution) => declare({ name, type, distribution }),
    state: (state, name, type) => {
      if (states.has(name)) throw new Error(`two states are called ${name}`);
      const value = { name, type };
      states.set(name, { ...state, value });
      return value;
    },
    findState: (name) => findState(name).value,
    update: ({ name }, next) => {
      states.set(name, { ...findState(name), next });
    },
    from: (next, write) => {
      const outer = origin;
      origin = next;
      try {
        return write();
      } finally {
        origin = outer;
      }
    },
    finish: (outputs) => ({
      inputs,
      constants: [...constants.values()],
      states: [...states.values()],
      nodes,
      outputs,
    }),
  };
};
