// Error messages, looked up by what is typed or pasted. A pasted line has other numbers than ours and more around it,
// so words decide: a few words must all be there, in any order; of a whole line most of an entry's title must be in it,
// and of several such entries those stay whose title shares the longest phrase with the line.

(() => {
  const FEW = 4;

  /** The words of a text, in small letters; numbers and signs are nothing to go by. */
  const wordsOf = (text) => text.toLowerCase().match(/[a-z][a-z'_]+/g) ?? [];

  /** @param {string} typed @param {{title: string, text: string}} entry @returns {boolean} */
  const matches = (typed, entry) => {
    const asked = wordsOf(typed);
    const words = wordsOf(entry.text);
    if (asked.length <= FEW) return asked.every((start) => words.some((word) => word.startsWith(start)));
    const title = wordsOf(entry.title);
    return title.filter((word) => asked.includes(word)).length > 0.7 * title.length;
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

  const find = (typed, entries) => {
    const found = entries.filter((entry) => matches(typed, entry));
    const asked = wordsOf(typed);
    if (asked.length <= FEW) return found;
    const lengths = found.map((entry) => phrase(asked, wordsOf(entry.title)));
    return found.filter((_, index) => lengths[index] === Math.max(...lengths));
  };

  const start = () => {
    const box = document.querySelector(".book-find");
    const input = box.querySelector("input");
    const status = box.querySelector("[role=status]");
    const sections = [...document.querySelectorAll("section section section")];
    const entries = sections.map((section) => ({
      section,
      title: section.querySelector("h3 > code, h3").textContent,
      text: section.textContent,
    }));
    const groups = new Set(sections.map((section) => section.parentElement));
    const show = () => {
      const found = find(input.value, entries);
      for (const entry of entries) entry.section.hidden = !found.includes(entry);
      for (const group of groups) group.hidden = !found.some((entry) => group.contains(entry.section));
      status.textContent = !input.value.trim() ? ""
        : found.length ? `${found.length} of ${entries.length}` : "Not on this page. Try a single word, such as size or dtype.";
    };
    input.addEventListener("input", show);
    // A link to a message that is put away brings all of them back.
    addEventListener("hashchange", () => {
      input.value = "";
      show();
      document.querySelector(location.hash)?.scrollIntoView();
    });
    box.hidden = false;
  };

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
