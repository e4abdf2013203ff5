// Names that look alike, as Python's difflib finds them, for messages that are Python's.

/** Of `names` the `count` that are most like a word, the most alike first; those under `cutoff` are left out. */
export function nearest(word, names, count, cutoff) {
  return [...new Set(names)]
    .map((name) => ({ name, score: likeness(name, word) }))
    .filter(({ score }) => score >= cutoff)
    .sort((a, b) => b.score - a.score || (a.name < b.name ? 1 : -1))
    .slice(0, count)
    .map(({ name }) => name);
}

/** Twice the letters that match over all letters: the longest common run, then the same on either side of it. */
function likeness(a, b) {
  return a.length + b.length ? (2 * matching(a, b)) / (a.length + b.length) : 1;
}

function matching(a, b) {
  let [size, i, j] = [0, 0, 0];
  let above = new Array(b.length + 1).fill(0); // lengths of the runs that end at the letter before
  for (let row = 0; row < a.length; row++) {
    const here = new Array(b.length + 1).fill(0);
    for (let column = 0; column < b.length; column++) {
      if (a[row] !== b[column]) continue;
      here[column + 1] = above[column] + 1;
      if (here[column + 1] > size) [size, i, j] = [here[column + 1], row + 1, column + 1];
    }
    above = here;
  }
  return size && size + matching(a.slice(0, i - size), b.slice(0, j - size)) + matching(a.slice(i), b.slice(j));
}

/** A text as Python writes it in a message. */
export function quoted(text) {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return plain.includes("'") && !plain.includes('"') ? `"${plain}"` : `'${plain.replaceAll("'", "\\'")}'`;
}
