/** TensorBoard's protobuf messages, as far as they are used here. */
import protobuf from "protobufjs";

/** What a writer says at one moment. Source of all messages: tensorboard/compat/proto/{event,summary,tensor}.proto. */
export interface Event {
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly SummaryValue[] };
  readonly sessionLog?: { readonly status: number };
}

export interface SummaryValue {
  readonly tag: string;
  readonly simpleValue?: number;
  readonly image?: EncodedImage;
  readonly tensor?: StringTensor;
  readonly metadata?: { readonly pluginData: { readonly pluginName: string } };
}

export interface EncodedImage {
  readonly height: number;
  readonly width: number;
  /** Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly colorspace: number;
  readonly encodedImageString: Uint8Array;
}

interface StringTensor {
  readonly dtype: number;
  readonly tensorShape: { readonly dim: readonly { readonly size: number }[] };
  readonly stringVal: readonly Uint8Array[];
}

/** SessionLog.SessionStatus.START. */
export const sessionStart = 1;

/** DataType.DT_STRING. */
export const stringType = 7;

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
      oneofs: { value: { oneof: ["simpleValue", "image", "tensor"] } }, // without it, a zero would not be written
      fields: {
        tag: { type: "string", id: 1 },
        simpleValue: { type: "float", id: 2 },
        image: { type: "Image", id: 4 },
        tensor: { type: "Tensor", id: 8 },
        metadata: { type: "Metadata", id: 9 },
      },
    },
    Image: {
      fields: {
        height: { type: "int32", id: 1 },
        width: { type: "int32", id: 2 },
        colorspace: { type: "int32", id: 3 },
        encodedImageString: { type: "bytes", id: 4 },
      },
    },
    Tensor: {
      fields: {
        dtype: { type: "int32", id: 1 },
        tensorShape: { type: "TensorShape", id: 2 },
        stringVal: { rule: "repeated", type: "bytes", id: 8 },
      },
    },
    TensorShape: { fields: { dim: { rule: "repeated", type: "Dim", id: 2 } } },
    Dim: { fields: { size: { type: "int64", id: 1 } } },
    Metadata: { fields: { pluginData: { type: "PluginData", id: 1 } } },
    PluginData: { fields: { pluginName: { type: "string", id: 1 } } },
  },
});

const eventType = schema.lookupType("Event");

export const encodeEvent = (event: Event): Uint8Array => eventType.encode({ ...event }).finish();
