/** TensorBoard's protobuf messages, as far as they are used here. */
import protobuf from "protobufjs";

/** What a writer says at one moment. Source of all messages: tensorboard/compat/proto/{event,summary}.proto. */
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

const schema = protobuf.Root.fromJSON({
  nested: {
    Event: {
      fields: {
        wallTime: { type: "double", id: 1 },
        step: { type: "int64", id: 2 },
        fileVersion: { type: "string", id: 3 },
        summary: { type: "Summary", id: 5 },
        sessionLog: { type: "SessionLog", id: 7 },
      },
    },
    SessionLog: { fields: { status: { type: "int32", id: 1 } } },
    Summary: { fields: { value: { rule: "repeated", type: "Value", id: 1 } } },
    Value: {
      oneofs: { value: { oneof: ["simpleValue"] } }, // without it, a zero would not be written
      fields: {
        tag: { type: "string", id: 1 },
        simpleValue: { type: "float", id: 2 },
      },
    },
  },
});

const eventType = schema.lookupType("Event");

export const encodeEvent = (event: Event): Uint8Array => eventType.encode({ ...event }).finish();
