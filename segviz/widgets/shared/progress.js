// What the reader predicted, kept in the reader's own browser and nowhere else.
// A page opened from the disk may be refused any storage: then nothing is kept, and nothing fails.

const PREFIX = "segviz prediction ";

/** The text recorded under a key, or null. */
export function recall(key) {
  return tried(() => localStorage.getItem(PREFIX + key));
}

export function record(key, text) {
  tried(() => localStorage.setItem(PREFIX + key, text));
}

export function forget(key) {
  tried(() => localStorage.removeItem(PREFIX + key));
}

function tried(action) {
  try {
    return action() ?? null;
  } catch {
    return null;
  }
}
