/** A folder of a data set, and what its names say. */
import { extname, join } from "node:path";
import { UserError } from "../../user-error.ts";
import { type Folder, listFolder } from "./list-folder.ts";
import { tableExtensions } from "./read-table.ts";

export const foldersOf = ({ entries }: Folder): readonly string[] =>
  [...entries].flatMap(([name, kind]) => (kind === "folder" ? [name] : []));

export const filesOf = ({ entries }: Folder): readonly string[] =>
  [...entries].flatMap(([name, kind]) => (kind === "folder" ? [] : [name]));

/** @throws UserError where a name in it is not UTF-8: a clip that is left out silently is missed by nobody */
export const openFolder = async (path: string): Promise<Folder> => {
  const folder = await listFolder(path);
  const [first, ...others] = folder.unreadable;
  if (first === undefined) return folder;
  const count = others.length > 0 ? `, and ${others.length} more there` : "";
  throw new UserError(
    "name-not-utf8",
    { path: join(path, first) },
    `a name that is not UTF-8${count}; rename it (convmv renames whole folders)`,
  );
};

/** The label that a folder's name is: without the spaces that cannot be seen at its ends. */
export const labelOf = (name: string): string => name.trim().normalize("NFC");

/** Whether a file lists clips, by its name. */
export const isList = (name: string): boolean => [...tableExtensions, ".json"].includes(extname(name).toLowerCase());
