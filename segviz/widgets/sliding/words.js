// What the sliding classifier says.

/** Multiply-adds in millions, "1,635 million"; below ten with a decimal. */
export function millions(count) {
  const value = count / 1e6;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US")} million`;
}

/** A byte as a probability in percent. */
export function percent(byte) {
  const share = (100 * byte) / 255;
  return share > 99.5 ? "over 99\u00a0%" : share < 0.5 ? "under 1\u00a0%" : `${Math.round(share)}\u00a0%`;
}

/** The sentence: the window's answer, and what sliding has cost so far beside the convolution. */
export function readout({ at, windows, answer, best, costs }, { held, shown }) {
  const said = [
    ["input", `Window ${costs.number} of ${windows.count}`], ` (row ${at[0]}, column ${at[1]}) says `,
    ["output", held.classes[best]], `, with ${percent(answer[best])}`,
  ];
  const asked = shown >= 0 && shown !== best ? [`; to ${held.classes[shown]} it gives ${percent(answer[shown])}`] : [];
  return [
    ...said, ...asked, ". ",
    costs.number === 1 ? "It took sliding " : "To come so far, sliding took ", `${millions(costs.soFar)} multiply-adds; `,
    ["kernel", `the convolution took ${millions(costs.atOnce)}`], ` for all ${windows.count}.`,
  ];
}

/** Both costs as a formula, with the numbers put in. */
export function formula({ windows, costs }, { held, stride }) {
  const many = costs.ratio >= 1 ? `${costs.ratio.toFixed(1)} times as much` : `${costs.ratio.toFixed(2)} of it`;
  const passes = stride < held.middle ? "convolution, four times: " : "convolution: ";
  return [
    `sliding: ${windows.count} · ${millions(held.window_cost)} = ${millions(costs.sliding)}; ${passes}${millions(costs.atOnce)}; `,
    `sliding costs ${many}`,
  ];
}

/** The line that cuts the windows out. */
export function pytorchLine({ held: { window }, stride }) {
  return `image.unfold(1, ${window}, ${stride}).unfold(2, ${window}, ${stride})`;
}
