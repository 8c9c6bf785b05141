/** `runtime serve`. */
import { once } from "node:events";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { servedFiles } from "../serve/served-files.ts";
import { isLoopback, startServer } from "../serve/start-server.ts";
import { type Command, exitCodes } from "./command.ts";
import { commonOptions, oneOperand, parseOptions, type Usage } from "./options.ts";

const defaultPort = 8080;
const defaultHost = "127.0.0.1";

const options = {
  port: {
    kind: "integer",
    value: "N",
    least: 0,
    most: 65_535,
    help: `the port; 0 takes any that is free (default: ${defaultPort})`,
  },
  host: {
    kind: "text",
    value: "ADDRESS",
    help: `the address to listen on; 0.0.0.0: all of this machine's (default: ${defaultHost}, this machine alone)`,
  },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "serve",
  synopsis: "GRAPH [options]",
  description: `Serves a page on which the graph hears: files dropped on it, or the microphone; and where it can be trained. All of it
is computed by the browser, on the device that it runs on, and nothing is sent anywhere. Prints the page's address.
Ctrl-C ends it.`,
  operands: [["GRAPH", "a graph.onnx, compiled or trained"]],
  options,
  examples: ["runtime serve graph.onnx", "runtime serve graph.onnx --port 0 --json | jq -r .url"],
};

export const serveCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { operands, values } = parseOptions(usage, args);
    const artifact = readWaveformArtifact(oneOperand(usage, operands));
    const { host = defaultHost, port = defaultPort } = values;
    const server = await startServer(servedFiles(artifact), { host, port });
    if (!isLoopback(host))
      output.note(
        "whoever reaches this machine can open the page and load the graph; browsers elsewhere give a page without HTTPS no microphone, no graphics card and one thread",
      );
    output.progress(`${artifact.metadata.specName} can be heard with at the address below; Ctrl-C ends it`);
    output.result(server.url);
    output.json({ event: "serving", url: server.url, graph: artifact.path });
    if (!signal.aborted) await once(signal, "abort");
    await server.close();
    return exitCodes.done;
  },
};
