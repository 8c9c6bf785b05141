/**
 * What `load` makes of the items, in their order, loaded ahead of its use.
 * @param ahead how many are loaded while one is in use: they are all that is held
 * @throws whatever `load` throws, when its item is due
 */
export async function* loadAhead<Item, Loaded>(
  items: Iterable<Item>,
  load: (item: Item) => Promise<Loaded>,
  ahead = 2,
): AsyncGenerator<Loaded, void, undefined> {
  const loading: Promise<Loaded>[] = [];
  for (const item of items) {
    const next = load(item);
    next.catch(() => undefined); // thrown when it is due, below
    loading.push(next);
    const due = loading.length > ahead ? loading.shift() : undefined;
    if (due !== undefined) yield await due;
  }
  for (const next of loading) yield await next;
}
