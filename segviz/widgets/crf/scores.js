// Scores of a label map, as segviz.metrics has them. Pure.

/** IoU of each class, null where it is neither there nor said. */
export function classIoU(labels, truth, classes) {
  const [hits, said, there] = [0, 0, 0].map(() => new Array(classes).fill(0));
  labels.forEach((label, i) => {
    said[label] += 1;
    there[truth[i]] += 1;
    if (label === truth[i]) hits[label] += 1;
  });
  return hits.map((hit, k) => (said[k] + there[k] ? hit / (said[k] + there[k] - hit) : null));
}

/** Boundary F1 within one pixel of each class, null where neither map has its outline. */
export function classBoundaryF1(labels, truth, classes, side) {
  const [ours, theirs] = [outlines(labels, side), outlines(truth, side)];
  const [near, found] = [within(ours, theirs, classes, side), within(theirs, ours, classes, side)];
  return near.map(({ length, hits }, k) => {
    if (!length && !found[k].length) return null;
    const [precision, recall] = [hits / Math.max(1, length), found[k].hits / Math.max(1, found[k].length)];
    return (2 * precision * recall) / Math.max(1e-12, precision + recall);
  });
}

/** The class of every pixel that is on its class's outline, -1 elsewhere. */
function outlines(labels, side) {
  const found = new Int8Array(labels.length);
  for (let i = 0; i < found.length; i += 1) found[i] = beside(i, side, (j) => labels[j] !== labels[i]) ? labels[i] : -1;
  return found;
}

/** Of each class's outline: its pixels, and those of them within one pixel of the other map's outline of that class. */
function within(outline, other, classes, side) {
  const counts = Array.from({ length: classes }, () => ({ length: 0, hits: 0 }));
  outline.forEach((label, i) => {
    if (label < 0) return;
    counts[label].length += 1;
    if (other[i] === label || beside(i, side, (j) => other[j] === label)) counts[label].hits += 1;
  });
  return counts;
}

/** Whether something holds of a neighbor left, right, above or below. */
function beside(i, side, holds) {
  const column = i % side;
  return (column > 0 && holds(i - 1)) || (column < side - 1 && holds(i + 1)) || (i >= side && holds(i - side)) || (i + side < side * side && holds(i + side));
}

/** The mean of what is not null; null where nothing is. */
export function mean(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/** Three scores of a map: outlines (boundary F1 within a pixel), areas (mean IoU) and one class's IoU. */
export function scoresOf(labels, { truth, classes, side }, thin) {
  const iou = classIoU(labels, truth, classes);
  return { outlines: mean(classBoundaryF1(labels, truth, classes, side)), areas: mean(iou), poles: iou[thin] };
}
