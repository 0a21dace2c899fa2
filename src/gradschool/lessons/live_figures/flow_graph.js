// Where gradients flow: units and edges, each edge as wide as the gradient on it, for every choice of the controls.

const LEGEND = {
  flow: "gradient flows", leak: "gradient leaks to where it may not", blocked: "blocked", idle: "weight without a gradient",
};
const UNIT = 17; // half of a unit's height

function graphDrawing(state, most, narrow) {
  const columns = state.nodes.map((n) => n.x);
  const [low, high] = [Math.min(...columns), Math.max(...columns)];
  const width = narrow ? 350 : 640, height = narrow ? 300 : 310, side = narrow ? 46 : 74;
  const X = (x) => side + ((x - low) / (high - low || 1)) * (width - 2 * side);
  const Y = (y) => 26 + (1 - y) * (height - 62);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "lf-drawing lf-full", "aria-hidden": "true", style: `max-width:${width}px` });
  const place = Object.fromEntries(state.nodes.map((n) => [n.name, [X(n.x), Y(n.y)]]));
  const edges = [...state.edges].sort((a, b) => Math.abs(a.gradient) - Math.abs(b.gradient));
  for (const { start, end, kind, gradient } of edges) {
    const share = kind === "flow" || kind === "leak" ? Math.abs(gradient) / most : 0;
    const [a, z] = [place[start], place[end]];
    const line = { x1: a[0], y1: a[1], x2: z[0], y2: z[1], class: `lf-line lf-${kind}` };
    drawing.append(svg("line", { ...line, style: share ? `stroke-width:${1.2 + 6 * share}px` : null }));
    if (kind === "blocked") drawing.append(label((a[0] + z[0]) / 2, (a[1] + z[1]) / 2, "✕", "lf-is-blocked"));
  }
  for (const { x, y, text, kind } of state.numbers) drawing.append(label(X(x), Y(y), text, `lf-small lf-is-${kind}`));
  for (const node of state.nodes) {
    const [x, y] = place[node.name], half = Math.max(16, 3.9 * node.text.length + 7);
    const box = { x: x - half, y: y - UNIT + 4, width: 2 * half, height: 2 * UNIT - 8, rx: 7 };
    drawing.append(svg("rect", { ...box, class: `lf-node lf-is-${node.kind}` }), label(x, y, node.text, "lf-in-node"));
    if (node.note) drawing.append(label(x, y + UNIT + 6, node.note, "lf-small lf-taken"));
  }
  return drawing;
}

function legend(states) {
  const kinds = Object.keys(LEGEND).filter((k) => Object.values(states).some((s) => s.edges.some((e) => e.kind === k)));
  return html("ul", { class: "lf-legend" }, ...kinds.map((kind) => {
    const line = svg("line", { x1: 0, y1: 6, x2: 30, y2: 6, class: `lf-line lf-${kind}`, style: kind === "flow" || kind === "leak" ? "stroke-width:4px" : null });
    return html("li", {}, svg("svg", { width: 30, height: 12, "aria-hidden": "true" }, line), LEGEND[kind]);
  }));
}

function render({ model, el }) {
  const { title, controls, states, most, first } = model.get("data");
  const now = { ...first };
  const { root, controls: bar, stage, say } = frame(el, title);
  const words = html("p"), summary = html("summary", {}, "This choice in words, with every number");
  let narrow = false, ended = () => {};
  const update = () => {
    const state = states[controls.map((c) => String(now[c.name])).join("|")];
    stage.replaceChildren(graphDrawing(state, most, narrow));
    say(`${state.title}: ${state.words}`);
    words.textContent = state.in_words;
  };
  for (const control of controls) {
    const { label, options } = control, value = now[control.name];
    const changed = (v) => { now[control.name] = v; update(); };
    if (control.kind === "switch") bar.append(checkbox({ label, value, changed }));
    else if (control.kind === "choice") bar.append(choice({ label, options, value, changed }));
    else {
      const steps = { frames: options.length, first: options.findIndex(([, key]) => key === value), inSteps: true };
      const walk = player({ label, ...steps, text: (k) => options[k][0], show: (k) => changed(options[k][1]) });
      bar.append(walk.element);
      ended = walk.end;
    }
  }
  root.append(legend(states), html("details", {}, summary, words));
  const unwatch = onWidth(root, (is) => { narrow = is; update(); });
  return () => { unwatch(); ended(); };
}

export default { render };
