import { UserError } from "../user-error.ts";

/** @throws UserError naming the URL, where it gives nothing */
export const fetchFile = async (url: string): Promise<Response> => {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new UserError(
      "file-unreadable",
      { path: url },
      "cannot be fetched: no answer, or none that this page may read",
      {
        cause: error,
      },
    );
  }
  if (response.ok) return response;
  const facts = { path: url, status: response.status };
  throw response.status === 404
    ? new UserError("file-missing", facts, "there is no such file (HTTP status 404)")
    : new UserError("file-unreadable", facts, `cannot be fetched: HTTP status ${response.status}`);
};

/** What is fetched, whole. @throws UserError as `fetchFile` */
export const fetchBytes = async (url: string): Promise<Uint8Array<ArrayBuffer>> => {
  const response = await fetchFile(url);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new UserError("file-unreadable", { path: url }, "cannot be fetched: it breaks off", { cause: error });
  }
};
