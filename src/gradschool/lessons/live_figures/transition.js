// One transition, two networks: the action, the terminal flag and detach decide which of the 48 and 70 weights move.

function networkDrawing(net, title, states, actions, chosen) {
  const layers = net.sizes.length - 1, [width, height] = [350, 292];
  const left = 52, right = 84, X = (k) => left + (k / layers) * (width - left - right);
  const Y = (k, i) => 24 + (net.sizes[k] === 1 ? 0.5 : i / (net.sizes[k] - 1)) * (height - 44);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "lf-drawing", "aria-hidden": "true", style: `max-width:${width}px` });
  const moved = new Map(net.moved.map(([layer, i, j, value, kind]) => [`${layer},${i},${j}`, { value, kind }]));
  const most = Math.max(...net.moved.map((m) => Math.abs(m[3])), 1e-9);
  const thin = [], thick = [];
  for (let layer = 0; layer < layers; layer += 1) {
    for (let i = 0; i < net.sizes[layer]; i += 1) {
      for (let j = 0; j < net.sizes[layer + 1]; j += 1) {
        const on = moved.get(`${layer},${i},${j}`);
        const line = { x1: X(layer), y1: Y(layer, i), x2: X(layer + 1), y2: Y(layer + 1, j) };
        if (!on) thin.push(svg("line", { ...line, class: "lf-line lf-idle lf-faint" }));
        else thick.push(svg("line", { ...line, class: `lf-line lf-${on.kind}`, style: `stroke-width:${1.6 + (4.4 * Math.abs(on.value)) / most}px` }));
      }
    }
  }
  drawing.append(...thin, ...thick);
  for (let k = 0; k <= layers; k += 1) {
    for (let i = 0; i < net.sizes[k]; i += 1) {
      let kind = "";
      if (k === 0 && i === states.from) kind = "lf-is-flow";
      if (k === 0 && i === states.to) kind = chosen.leaks ? "lf-is-leak" : "";
      if (k === layers && i === chosen.action) kind = "lf-is-flow";
      if (k === layers && chosen.leaks && i === net.best && i !== chosen.action) kind = "lf-is-leak";
      drawing.append(svg("circle", { cx: X(k), cy: Y(k, i), r: 7, class: `lf-node ${kind}` }));
    }
  }
  drawing.append(label(X(0) - 12, Y(0, states.from), "s", "lf-is-flow", "end"), label(X(0) - 12, Y(0, states.to), "s′", chosen.leaks ? "lf-is-leak" : "", "end"));
  actions.forEach((name, a) => drawing.append(label(X(layers) + 13, Y(layers, a), name, a === chosen.action ? "lf-small lf-is-flow" : "lf-small", "start")));
  const count = html("b", {}, `${net.moved.length} of ${net.of} weights`);
  return html("figure", { class: "lf-panel" }, html("figcaption", {}, count, ` · ${title}`, html("br"), net.target), drawing);
}

function render({ model, el }) {
  const { actions, states, titles, cases, first } = model.get("data");
  const now = { ...first };
  const { root, controls, stage, say } = frame(el, "One transition in two networks: action, end of the episode, detach");
  const update = () => {
    const c = cases[`${now.action}|${now.terminated}|${now.detached}`];
    const chosen = { action: now.action, leaks: c.leaks };
    stage.replaceChildren(...c.networks.map((net, k) => networkDrawing(net, titles[k], states, actions, chosen)));
    say(c.words);
  };
  controls.append(
    choice({ label: "action taken", options: actions.map((name, a) => [name, a]), value: now.action, changed: (a) => { now.action = a; update(); } }),
    checkbox({ label: "the episode ends", value: now.terminated, changed: (v) => { now.terminated = v; update(); } }),
    checkbox({ label: "hold the target constant (detach)", value: now.detached, changed: (v) => { now.detached = v; update(); } }),
  );
  return onWidth(root, update);
}

export default { render };
