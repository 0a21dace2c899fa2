// The chain of L = 1/2 (w x + b - l)^2: move w, x and l, and every value, every gradient and the ball follow.

const NODES = ["w", "x", "u", "b", "p", "l", "r", "L"];
const FORMULA = { u: "u = w x", p: "p = u + b", r: "r = p − l", L: "L = ½ r²" };
const EDGES = [["w", "u"], ["x", "u"], ["u", "p"], ["b", "p"], ["p", "r"], ["l", "r"], ["r", "L"]];
// Columns and rows on a desk; the same graph from top to bottom on a phone.
const WIDE = { w: [0, 0], x: [0, 1], u: [1, 0.5], b: [1, 1.5], p: [2, 0.5], l: [2, 1.5], r: [3, 0.5], L: [4, 0.5] };
const NARROW_PLACES = { w: [0, 0], x: [2, 0], u: [1, 1], b: [2.1, 1], p: [1, 2], l: [2.1, 2], r: [1, 3], L: [1, 4] };
const BOX = [78, 34];

/** Return the value of every node, the local derivative on every edge, and the gradient at every node. */
function evaluate({ w, x, b, l }) {
  const u = w * x, p = u + b, r = p - l, L = (r * r) / 2;
  const values = { w, x, u, b, p, l, r, L };
  const local = { "w,u": x, "x,u": w, "u,p": 1, "b,p": 1, "p,r": 1, "l,r": -1, "r,L": r };
  const gradients = { L: 1 };
  for (const [start, end] of [...EDGES].reverse()) gradients[start] = gradients[end] * local[`${start},${end}`];
  return { values, local, gradients };
}

function graphDrawing(narrow, grip) {
  const places = narrow ? NARROW_PLACES : WIDE;
  const step = narrow ? [118, 92] : [128, 96];
  const origin = narrow ? [46, 26] : [46, 28];
  const at = Object.fromEntries(NODES.map((n) => [n, places[n].map((v, k) => origin[k] + v * step[k])]));
  const [width, height] = narrow ? [340, 440] : [610, 226];
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "lf-drawing lf-full", "aria-hidden": "true", style: `max-width:${width}px` });
  const edges = {}, texts = {};
  for (const [start, end] of EDGES) {
    const [a, z] = [at[start], at[end]];
    const kind = start === "l" ? "lf-blocked" : "lf-edge";
    drawing.append(svg("line", { x1: a[0], y1: a[1], x2: z[0], y2: z[1], class: kind }));
    edges[`${start},${end}`] = label(0.5 * (a[0] + z[0]), 0.5 * (a[1] + z[1]), "", "lf-small");
    drawing.append(edges[`${start},${end}`]);
  }
  for (const name of NODES) {
    const [x, y] = at[name], moves = grip[name] !== undefined;
    const kind = { l: "lf-is-blocked", L: "lf-is-right" }[name] || "";
    const box = svg("rect", { x: x - BOX[0] / 2, y: y - BOX[1] / 2, width: BOX[0], height: BOX[1], rx: 8, class: `lf-node ${kind}` });
    const beside = narrow && "uprL".includes(name); // below stands the next edge
    const gradient = beside ? label(x - BOX[0] / 2 - 6, y, "", "lf-taken", "end") : label(x, y + BOX[1] / 2 + 13, "", "lf-taken");
    texts[name] = [label(x, y, ""), gradient];
    const group = svg("g", { class: moves ? "lf-grip" : "" }, box, ...texts[name]);
    if (moves) grip[name](group);
    drawing.append(group);
  }
  const show = ({ values, local, gradients }) => {
    for (const [name, [value, gradient]] of Object.entries(texts)) {
      value.textContent = `${name} = ${number(values[name], 3)}`;
      gradient.textContent = `∂L/∂${name} = ${number(gradients[name], 3)}`;
      if (name === "L") gradient.textContent = "start: 1";
    }
    for (const [edge, text] of Object.entries(edges)) text.textContent = `×${number(local[edge], 3)}`;
  };
  return { drawing, show };
}

// The loss over the prediction, with the label at its lowest point; the ball is where the prediction is.
function lossDrawing(pMin, pMax) {
  const [width, height, left, top, bottom] = [340, 210, 34, 14, 34];
  const X = (p) => left + ((p - pMin) / (pMax - pMin)) * (width - left - 10);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "lf-drawing", "aria-hidden": "true", style: `max-width:${width}px` });
  const show = ({ values, gradients }) => {
    let most = 10;
    while (most < values.L * 1.15) most *= 2;
    const Y = (L) => height - bottom - (L / most) * (height - top - bottom);
    const points = [];
    for (let k = 0; k <= 160; k += 1) {
      const p = pMin + (k / 160) * (pMax - pMin), L = (p - values.l) ** 2 / 2;
      if (L <= most) points.push(`${X(p).toFixed(1)},${Y(L).toFixed(1)}`);
    }
    const reach = Math.min(2.2, (0.42 * most) / (Math.abs(gradients.p) || 1e-9));
    const line = (sign) => [X(values.p + sign * reach), Y(values.L + sign * reach * gradients.p)];
    const [a, z] = [line(-1), line(1)];
    drawing.replaceChildren(
      svg("line", { x1: left, x2: width - 10, y1: Y(0), y2: Y(0), class: "lf-axis" }),
      svg("line", { x1: X(values.l), x2: X(values.l), y1: Y(0), y2: Y(0) + 6, class: "lf-axis" }),
      label(width - 10, height - 6, "prediction p", "lf-small", "end"),
      label(left - 6, Y(most), number(most, 0), "lf-small", "end"), label(left - 6, Y(0), "0", "lf-small", "end"),
      label(left + 6, Y(most), "loss L", "lf-small", "start"),
      svg("polyline", { points: points.join(" "), class: "lf-curve" }),
      svg("line", { x1: a[0], y1: a[1], x2: z[0], y2: z[1], class: "lf-tangent" }),
      label(X(values.l), height - 18, `l = ${number(values.l)}`, "lf-small lf-is-blocked"),
      svg("circle", { cx: X(values.p), cy: Y(values.L), r: 7, class: "lf-ball" }),
    );
  };
  return { drawing, show };
}

function render({ model, el }) {
  const { start, limits } = model.get("data");
  const now = { ...start };
  const { root, controls, stage, say } = frame(el, "The chain of five numbers: w, x and l can be moved");
  const sliders = {}, grip = {};
  let show = () => {};
  const update = (moved) => {
    const all = evaluate(now);
    show(all);
    const { values: v, gradients: g } = all;
    const begin = moved ? `${moved} is now ${number(now[moved])}` : "As in the text";
    say(`${begin}: p = ${number(v.p, 3)}, L = ${number(v.L, 3)}; the gradient is ${number(g.p, 3)} at p, ` +
        `${number(g.w, 3)} at w and ${number(g.x, 3)} at x.`);
  };
  const set = (name, value) => {
    const [low, high, step] = limits[name];
    now[name] = Math.min(high, Math.max(low, Math.round(value / step) * step));
    sliders[name].set(now[name]);
    update(name);
  };
  for (const name of ["w", "x", "l"]) { // a saved notebook sorts the names in its data
    const [min, max, step] = limits[name];
    sliders[name] = range({
      label: name, min, max, step, value: now[name], text: (v) => number(v),
      changed: (value) => { now[name] = value; update(name); },
    });
    controls.append(sliders[name].element);
    grip[name] = (group) => {
      let from = 0, value = 0;
      draggable(group, (e) => { from = e.clientX - e.clientY; value = now[name]; },
        (e) => set(name, value + ((e.clientX - e.clientY - from) / 14) * step));
    };
  }
  controls.append(button("Back to the text's numbers", () => {
    Object.assign(now, start);
    for (const name of Object.keys(sliders)) sliders[name].set(now[name]);
    update("");
  }));
  return onWidth(root, (narrow) => {
    const graph = graphDrawing(narrow, grip), loss = lossDrawing(model.get("data").p_range[0], model.get("data").p_range[1]);
    stage.replaceChildren(graph.drawing, loss.drawing);
    show = (all) => { graph.show(all); loss.show(all); };
    update("");
  });
}

export default { render };
