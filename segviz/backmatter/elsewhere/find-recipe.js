// Recipes, looked up by layer and by two frameworks. Both are recipes for PyTorch's result, so the two results are equal.
// What is shown is a copy of what stands on the page; without this script the recipes stand there alone.

(() => {
  const start = () => {
    const box = document.querySelector(".book-find-recipe");
    const [layer, from, to] = ["layer", "from", "to"].map((name) => box.querySelector(`#find-${name}`));
    const status = box.querySelector("[role=status]");
    const place = box.querySelector(".book-found");
    const recipes = [...document.querySelectorAll("details.book-recipe")].map((node) => {
      const [framework, ...rest] = node.querySelector("summary").textContent.split(": ");
      return { node, framework, layer: rest.join(": ") };
    });
    const distinct = (texts) => [...new Set(texts)];
    const fill = (list, texts, wanted) => {
      list.replaceChildren(...texts.map((text) => new Option(text, text)));
      list.value = texts.includes(wanted) ? wanted : texts[0];
    };

    // Whose result the recipes give: PyTorch's, or segviz's for what PyTorch does not have.
    const own = () => recipes.find((each) => each.layer === layer.value).node.dataset.of;

    const show = () => {
      const wanted = own();
      const found = [from.value, to.value].map((name) => recipes.find((each) => each.layer === layer.value && each.framework === name));
      const named = distinct([from.value, to.value].filter((name) => name !== wanted));
      status.textContent = !named.length ? `${wanted}'s own: nothing to write differently.`
        : named.length === 1 ? `What to write in ${named[0]} to get ${wanted}'s result:`
        : `What gives ${wanted}'s result in ${named[0]}, and what does in ${named[1]}: the two are equal.`;
      place.replaceChildren(...distinct(found.filter(Boolean)).flatMap(({ node, framework }) => {
        const title = document.createElement("p");
        title.className = "book-found-name";
        title.textContent = framework;
        const parts = [...node.children].slice(1).map((part) => part.cloneNode(true));
        for (const part of parts) {
          for (const copy of part.querySelectorAll(".copybtn")) copy.remove();
          for (const marked of [part, ...part.querySelectorAll("[id]")]) marked.removeAttribute("id");
        }
        return [title, ...parts];
      }));
    };
    const offer = () => {
      const names = [own(), ...distinct(recipes.filter((each) => each.layer === layer.value).map((each) => each.framework))];
      fill(from, names, from.value || own());
      fill(to, names, to.value || names[1]);
      show();
    };
    fill(layer, distinct(recipes.map((each) => each.layer)));
    layer.addEventListener("change", offer);
    from.addEventListener("change", show);
    to.addEventListener("change", show);
    box.hidden = false;
    offer();
    // A link to a recipe opens it; on paper nothing can be opened.
    const arrive = () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (target?.matches("details.book-recipe")) target.open = true;
    };
    addEventListener("hashchange", arrive);
    addEventListener("beforeprint", () => recipes.forEach(({ node }) => (node.open = true)));
    arrive();
  };

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
