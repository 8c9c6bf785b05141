/** TensorBoard's protobuf messages, as far as they are used here. Source: tensorboard/compat/proto/{event,summary}.proto. */

/** What a writer says at one moment. */
export interface Event {
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly SummaryValue[] };
  readonly sessionLog?: { readonly status: number };
}

export interface SummaryValue {
  readonly tag: string;
  readonly simpleValue: number;
}

/** SessionLog.SessionStatus.START. */
export const sessionStart = 1;

/** How protobuf writes a value; the number follows the field's in its key. */
const wireTypes = { varint: 0, bytes8: 1, bytes: 2, bytes4: 5 } as const;

/** Seven bits a byte, the lowest first; all but the last have the eighth. */
const varint = (value: number): Uint8Array => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.of(...bytes, rest);
};

const field = (number: number, type: keyof typeof wireTypes, value: Uint8Array): readonly Uint8Array[] => [
  varint(number * 8 + wireTypes[type]),
  ...(type === "bytes" ? [varint(value.length)] : []),
  value,
];

const little = (bytes: 4 | 8, value: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
};

const integer = (number: number, value: number | undefined): readonly Uint8Array[] =>
  value === undefined ? [] : field(number, "varint", varint(value));

const message = (number: number, fields: readonly Uint8Array[] | undefined): readonly Uint8Array[] =>
  fields ? field(number, "bytes", Buffer.concat(fields)) : [];

const text = (number: number, value: string | undefined): readonly Uint8Array[] =>
  message(number, value === undefined ? undefined : [Buffer.from(value)]);

const encodeValue = ({ tag, simpleValue }: SummaryValue): readonly Uint8Array[] => [
  ...text(1, tag),
  ...field(2, "bytes4", little(4, simpleValue)),
];

/** @param event its step and status are not negative */
export const encodeEvent = ({ wallTime, step, fileVersion, summary, sessionLog }: Event): Uint8Array =>
  Buffer.concat([
    ...field(1, "bytes8", little(8, wallTime)),
    ...integer(2, step),
    ...text(3, fileVersion),
    ...message(
      5,
      summary?.value.flatMap((value) => message(1, encodeValue(value))),
    ),
    ...message(7, sessionLog && integer(1, sessionLog.status)),
  ]);
