/** Why a tensor or archive entry may not have this name, or undefined: names end up in files and reports, so none may look like a path out of a folder. */
export const nameProblem = (name: string): string | undefined => {
  if (name === "") return "the name is empty";
  if (/\p{Cc}/u.test(name)) return `the name ${JSON.stringify(name)} has a control character`;
  if (name.includes("\\")) return `the name ${JSON.stringify(name)} has a backslash`;
  const outward = name.split("/").some((segment) => segment === "" || segment === "." || segment === "..");
  return outward ? `the name ${JSON.stringify(name)} looks like a path` : undefined;
};
