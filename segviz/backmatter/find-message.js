// Error messages, looked up by what is typed or pasted. A pasted line has other numbers than ours and more around it,
// so words decide: a few words must all be there, in any order; of a whole line most of one of an entry's titles must be
// in it, where a word counts the more the fewer entries have it; and of several such entries those stay whose title
// shares the longest phrase with the line, and of several such those that share numbers as well (dimension 0, not 1).
// The entries are folded up under their messages, so that the page can be read as a list.

(() => {
  const FEW = 4;
  const OF_A_LINE = /[:[(]/; // what nobody types who looks for a word
  const MOST_OF_IT = 0.7;

  /** The words of a text, in small letters; numbers and signs are nothing to go by. */
  const wordsOf = (text) => text.toLowerCase().match(/[a-z][a-z'_]+/g) ?? [];
  const wordsAndNumbersOf = (text) => text.toLowerCase().match(/[a-z][a-z'_]*\d*|\d+/g) ?? [];

  /** What a word tells: nothing where every entry has it. @returns {(word: string) => number} */
  const weigher = (entries) => {
    const counts = new Map();
    for (const entry of entries) for (const word of new Set(wordsOf(entry.text))) counts.set(word, (counts.get(word) ?? 0) + 1);
    return (word) => Math.log((entries.length + 1) / (counts.get(word) ?? 1));
  };

  /** The share of a title that a line holds, by weight. */
  const share = (title, asked, weight) => {
    const words = wordsOf(title);
    const sum = (some) => some.reduce((total, word) => total + weight(word), 0);
    return sum(words.filter((word) => asked.includes(word))) / sum(words);
  };

  /** The length of the longest phrase, in words, that two lists of words share. */
  const phrase = (some, others) => {
    let longest = 0;
    for (let i = 0; i < some.length; i++) {
      for (let j = 0; j < others.length; j++) {
        let length = 0;
        while (i + length < some.length && some[i + length] === others[j + length]) length++;
        longest = Math.max(longest, length);
      }
    }
    return longest;
  };

  /** Those of some things that have the most of something, which is 1 at least. */
  const closest = (measure) => (things) => {
    const measured = things.map(measure);
    return things.filter((_, index) => measured[index] === Math.max(1, ...measured));
  };

  /** @param {string} typed @param {{titles: string[], text: string}[]} entries @param {(word: string) => number} weight */
  const find = (typed, entries, weight) => {
    const asked = wordsOf(typed);
    if (asked.length <= FEW && !OF_A_LINE.test(typed)) {
      return entries.filter(({ text }) => asked.every((start) => wordsOf(text).some((word) => word.startsWith(start))));
    }
    const meant = entries.map((entry) => ({
      entry, titles: entry.titles.filter((title) => share(title, asked, weight) > MOST_OF_IT),
    })).filter(({ titles }) => titles.length);
    const near = (parts) => closest(({ titles }) => Math.max(...titles.map((title) => phrase(parts(typed), parts(title)))));
    return near(wordsAndNumbersOf)(near(wordsOf)(meant)).map(({ entry }) => entry);
  };

  const OPENED = 3; // so few found messages are opened at once

  /** Puts what follows a section's heading into a fold that the heading opens. @returns {HTMLDetailsElement} */
  const fold = (section) => {
    const heading = section.querySelector("h3");
    const entry = document.createElement("details");
    const summary = document.createElement("summary");
    entry.className = "book-entry";
    entry.append(summary, ...[...section.childNodes].filter((node) => node !== heading));
    summary.append(heading);
    section.append(entry);
    return entry;
  };

  const start = () => {
    const box = document.querySelector(".book-find");
    const page = box.closest(".bd-article");
    const input = box.querySelector("input");
    const status = box.querySelector("[role=status]");
    const sections = [...document.querySelectorAll("section section section")];
    const entries = sections.map((section) => ({
      section,
      titles: [...section.querySelectorAll("h3, .book-also code")].map(({ textContent }) => textContent),
      text: section.textContent,
      details: fold(section),
    }));
    const weight = weigher(entries);
    const groups = new Set(sections.map((section) => section.parentElement));
    const show = () => {
      const typed = input.value.trim() !== "";
      const found = find(input.value, entries, weight);
      page.classList.toggle("book-finding", typed);
      for (const entry of entries) {
        entry.section.hidden = !found.includes(entry);
        entry.details.open = typed && found.length <= OPENED;
      }
      for (const group of groups) group.hidden = !found.some((entry) => group.contains(entry.section));
      status.textContent = !typed ? `${entries.length} messages. Open one for its cause and its mend.`
        : found.length ? `${found.length} of ${entries.length}` : "Not on this page. Try a single word, such as size or dtype.";
    };
    // A link to a message opens it, and brings back what a search has put away.
    const arrive = () => {
      const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!target) return;
      for (const entry of entries) if (entry.section === target) entry.details.open = true;
      target.scrollIntoView();
    };
    input.addEventListener("input", show);
    addEventListener("hashchange", () => {
      input.value = "";
      show();
      arrive();
    });
    // On paper nothing can be opened.
    let opened;
    addEventListener("beforeprint", () => {
      opened = entries.filter((entry) => entry.details.open);
      for (const entry of entries) entry.details.open = true;
    });
    addEventListener("afterprint", () => {
      for (const entry of entries) entry.details.open = opened.includes(entry);
    });
    box.hidden = false;
    show();
    arrive();
  };

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
