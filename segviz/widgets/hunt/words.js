// What the bug hunt says.

/** An answer in words: as it is written, or a loss from its first to its last step. */
export function answerWords(answer) {
  if (typeof answer === "string") return answer;
  return `${answer[0].toFixed(2)} → ${answer[answer.length - 1].toFixed(2)}`;
}

/** The sentence. */
export function readout(view, { round }) {
  if (view.solved) return verdictHolds(view);
  if (view.failed) return [["illegal", "Not so. "], `${failedWords(view)} That cost ${view.penalty}; you have paid ${view.paid}.`];
  if (!view.latest) return [`Round ${round}: ${view.one.title}. Both networks train, and both losses fall. What do you ask first?`];
  const { label, name, rule } = view.latest;
  const [a, b] = view.one.answers[name].map(answerWords);
  const said = a === b ? `for both, ${a}` : `for A, ${a}; for B, ${b}`;
  return [`${capital(label)}: ${said}. ${rule} You have paid ${view.paid}.`];
}

function verdictHolds({ one, why, paid, par }) {
  return [["kernel", "It is so. "], `${one.wrong} is wrong: ${why}. ${one.mend} ${price(paid, par)}`];
}

function price(paid, par) {
  if (paid < par) return paid === 0 ? "You paid nothing: a guess, and a good one." : `You paid ${paid}: a guess, and a good one.`;
  return paid === par ? `You paid ${paid}, and for less it cannot be known.` : `You paid ${paid}; ${par} would have done.`;
}

function failedWords({ one, failed: [suspect, why], reasonText }) {
  if (suspect === one.wrong) return `${suspect} is the wrong one, but it is not that ${reasonText}.`;
  return why === one.reason ? `That is what is wrong, but not with ${suspect}.` : `${suspect} is sound.`;
}

/** What all rounds have cost. */
export function totalWords({ solved, paid, par }, rounds) {
  if (!solved) return `0 of ${rounds} solved`;
  return `${solved} of ${rounds} solved for ${paid}; ${par} would have done`;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
