/** An HTTP server that gives a browser files of a list. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isIPv6 } from "node:net";
import { UserError } from "../user-error.ts";
import { answerRequest } from "./answer-request.ts";
import type { ServedFiles } from "./served-files.ts";

export interface ServerOptions {
  /** The address or name to listen on: one of this machine's. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface Server {
  /** Where the page is, for a browser on this machine. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "there is no such name",
};

/** Whether nobody but this machine reaches it. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/.test(host);

/** Listened on by these, all addresses of the machine are. */
const isEveryAddress = (host: string): boolean => host === "0.0.0.0" || host === "::";

const urlOf = (host: string, port: number): string => {
  const reached = isEveryAddress(host) ? "127.0.0.1" : host;
  return `http://${isIPv6(reached) ? `[${reached}]` : reached}:${port}/`;
};

/** @throws UserError where the port is taken, or the address is not this machine's */
export const startServer = async (files: ServedFiles, { host, port }: ServerOptions): Promise<Server> => {
  const server = createServer((request, response) => {
    answerRequest(request, response, files, host.toLowerCase()).catch(() => response.destroy());
  });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw new UserError("port-taken", { port }, `port ${port} is taken`);
    throw new UserError(
      "address-unusable",
      { host, port, system: code },
      `${host}, port ${port}: cannot be listened on: ${reasons[code] ?? message}`,
    );
  }
  return {
    url: urlOf(host, (server.address() as AddressInfo).port),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
