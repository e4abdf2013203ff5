// What the reader predicted, kept in the reader's own browser and nowhere else.
// A page opened from the disk may be refused any storage: then nothing is kept, and nothing fails.

const PREFIX = "segviz prediction ";

/** The text recorded under a key, or null. What has no key of its own is not kept. */
export function recall(key) {
  return key ? tried(() => localStorage.getItem(PREFIX + key)) : null;
}

export function record(key, text) {
  if (key) tried(() => localStorage.setItem(PREFIX + key, text));
}

export function forget(key) {
  tried(() => localStorage.removeItem(PREFIX + key));
}

/** The keys of all that is recorded, of earlier editions too; null where the browser refuses to keep anything. */
export function recorded() {
  const names = tried(() => Object.keys(localStorage));
  return names && names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
}

/** Call whenever another page may have changed what is recorded. Gives the function that ends this. */
export function watch(call) {
  const ending = new AbortController();
  for (const event of ["storage", "pageshow"]) addEventListener(event, () => call(), { signal: ending.signal });
  return () => ending.abort();
}

function tried(action) {
  try {
    return action() ?? null;
  } catch {
    return null;
  }
}
