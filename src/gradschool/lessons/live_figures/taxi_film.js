// A run of DQN on Taxi: in every cell the greedy action, and as color how much the table expects from there.

const CELL = 46, RIM = 6;
const ARROWS = ["M0,-11 V11 M-6,4 L0,11 L6,4", "M0,11 V-11 M-6,-4 L0,-11 L6,-4", "M-11,0 H11 M4,-6 L11,0 L4,6", "M11,0 H-11 M-4,-6 L-11,0 L-4,6"];

function grid(data, which) {
  const side = data.size * CELL + 2 * RIM, at = (cell) => [RIM + (cell % data.size) * CELL, RIM + Math.floor(cell / data.size) * CELL];
  const drawing = svg("svg", { viewBox: `0 0 ${side} ${side}`, class: "lf-drawing", style: `max-width:${1.25 * side}px`, "aria-hidden": "true" });
  const grounds = [], signs = [];
  for (let cell = 0; cell < data.size * data.size; cell++) {
    const [x, y] = at(cell);
    grounds.push(svg("rect", { x, y, width: CELL, height: CELL, class: "lf-worth" }));
    signs.push(svg("g", { transform: `translate(${x + CELL / 2},${y + CELL / 2})` }));
  }
  drawing.append(...grounds);
  for (let k = 0; k <= data.size; k++) {
    const [low, high, place] = [RIM, side - RIM, RIM + k * CELL];
    drawing.append(svg("line", { x1: low, x2: high, y1: place, y2: place, class: "lf-cell" }), svg("line", { x1: place, x2: place, y1: low, y2: high, class: "lf-cell" }));
  }
  for (const cell of data.walls) {
    const [x, y] = at(cell);
    drawing.append(svg("line", { x1: x + CELL, x2: x + CELL, y1: y, y2: y + CELL, class: "lf-wall" }));
  }
  const goal = which === 0 ? data.pick_up : data.drop_off;
  for (const [cell, name] of data.stands) {
    const [x, y] = at(cell);
    drawing.append(label(x + 4, y + 8, name[0].toUpperCase(), "lf-small lf-in-node", "start"));
    if (cell === goal) drawing.append(svg("rect", { x: x + 2, y: y + 2, width: CELL - 4, height: CELL - 4, class: "lf-goal" }));
  }
  drawing.append(...signs);
  const update = (frame) => frame.action[which].forEach((action, cell) => {
    const home = frame.home[which][cell], worth = Math.max(0, frame.value[which][cell]) / data.best;
    grounds[cell].style.fillOpacity = (0.75 * Math.min(1, worth)).toFixed(3);
    const kind = home ? "lf-go" : "lf-go lf-astray";
    signs[cell].replaceChildren(action < 4 ? svg("path", { d: ARROWS[action], class: kind })
      : label(0, 0, action === 4 ? "pick" : "drop", `lf-small ${home ? "lf-home" : "lf-faint"}`));
  });
  return [html("figure", { class: "lf-panel" }, html("figcaption", {}, data.titles[which]), drawing), update];
}

function render({ model, el }) {
  const data = model.get("data");
  const { root, controls, stage, say } = frame(el, "A film of DQN's training on Taxi: the greedy action in every cell");
  const grids = [0, 1].map((which) => grid(data, which));
  stage.append(...grids.map(([drawn]) => drawn));
  const show = (k) => {
    grids.forEach(([, update]) => update(data.frames[k]));
    say(data.frames[k].words);
  };
  const film = player({ label: "updates", frames: data.frames.length, text: (k) => `${data.frames[k].updates}`, show });
  controls.append(film.element);
  root.append(html("ul", { class: "lf-legend" },
    html("li", {}, svg("svg", { width: 26, height: 26, viewBox: "-13 -13 26 26", "aria-hidden": "true" }, svg("path", { d: ARROWS[2], class: "lf-go" })), "greedy action that leads home"),
    html("li", {}, svg("svg", { width: 26, height: 26, viewBox: "-13 -13 26 26", "aria-hidden": "true" }, svg("path", { d: ARROWS[2], class: "lf-go lf-astray" })), "greedy action that does not"),
    html("li", {}, svg("svg", { width: 22, height: 22, "aria-hidden": "true" }, svg("rect", { width: 22, height: 22, class: "lf-worth", style: "fill-opacity:.7" })), "the stronger the color, the larger max Q (0 to 20)"),
    html("li", {}, svg("svg", { width: 22, height: 22, "aria-hidden": "true" }, svg("rect", { x: 2, y: 2, width: 18, height: 18, class: "lf-goal" })), "where the passenger is picked up, or dropped off for +20")));
  show(0);
  return film.end;
}

export default { render };
