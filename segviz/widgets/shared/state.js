// A widget's state is its model's: nothing is kept beside it.

/**
 * Draw whenever the state changes, at most once a frame.
 *
 * @param {object} model  as anywidget knows it
 * @param {string[]} traits  names of the state's traits
 * @param {(state: object) => void} draw
 * @returns {{state: () => object, update: (changes: object) => void, paint: () => void,
 *   schedule: () => void, end: () => void}}  `paint` draws at once, `schedule` with the next frame.
 */
export function follow(model, traits, draw) {
  let waiting = 0;
  const state = () => Object.fromEntries(traits.map((name) => [name, model.get(name)]));
  const paint = () => {
    cancelAnimationFrame(waiting);
    waiting = 0;
    draw(state());
  };
  const schedule = () => (waiting ||= requestAnimationFrame(paint));
  traits.forEach((name) => model.on(`change:${name}`, schedule));

  const update = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes?.(); // hosts that keep no state know neither this nor `off`
  };
  const end = () => {
    cancelAnimationFrame(waiting);
    traits.forEach((name) => model.off?.(`change:${name}`, schedule));
  };
  return { state, update, paint, schedule, end };
}
