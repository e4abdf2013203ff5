// The rules of the hunt: what was asked, what it cost, what was said, and whether it holds. Pure.

export const PENALTY = 5; // what a verdict costs that does not hold

const NOTHING = { asked: [], suspect: null, reason: null, verdicts: [] };

/** What the reader has done in a round. */
export function noteOf({ notes, round }) {
  return { ...NOTHING, ...notes[String(round)] };
}

/** The notes with something new in this round's. */
export function noted({ notes, round }, changes) {
  return { ...notes, [String(round)]: { ...noteOf({ notes, round }), ...changes } };
}

/** A verdict holds where both the network and the reason do. */
export function holds({ wrong, reason }, [suspect, why]) {
  return suspect === wrong && why === reason;
}

/** The sum of the prices of what was asked and of the verdicts that did not hold. */
export function paid(note, one, measurements) {
  const prices = note.asked.map((name) => measurements.find((m) => m.name === name).price);
  const failed = note.verdicts.filter((verdict) => !holds(one, verdict)).length;
  return prices.reduce((sum, price) => sum + price, PENALTY * failed);
}

/** The least with which one can know. */
export function par({ telling }, measurements) {
  return Math.min(...measurements.filter((m) => telling.includes(m.name)).map((m) => m.price));
}

/** All rounds together: how many are solved, what they cost, and what they might have. */
export function total({ rounds, measurements }, notes) {
  const solved = rounds.flatMap((one, index) => {
    const note = noteOf({ notes, round: index + 1 });
    return note.verdicts.some((verdict) => holds(one, verdict)) ? [{ one, note }] : [];
  });
  const sum = (of) => solved.reduce((all, item) => all + of(item), 0);
  return {
    solved: solved.length,
    paid: sum(({ one, note }) => paid(note, one, measurements)),
    par: sum(({ one }) => par(one, measurements)),
  };
}
