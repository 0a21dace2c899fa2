// Q(s, ·) of one critic: drag the action; the tangent, the push on the actor and the pendulum follow.

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [400, 270, 44, 14, 16, 40];
const PUSHES = [["slope", "dQ/da, as the critic gives it"], ["squashed", "through the squash: dQ/dz"], ["inverted", "inverted: scaled by the room ahead"]];

function pendulum(angle, torque, push) {
  const [cx, cy, rod] = [105, 105, 74], tip = [cx + rod * Math.sin(angle), cy - rod * Math.cos(angle)];
  // Gymnasium counts angles counterclockwise; the drawing does, too.
  const x = 2 * cx - tip[0];
  const arc = (value, r, kind) => {
    if (Math.abs(value) < 0.02) return svg("g");
    const sweep = Math.min(2.6, 1.1 * Math.abs(value)), way = value > 0 ? -1 : 1;
    const point = (t) => [cx + r * Math.sin(way * t), cy - r * Math.cos(way * t)];
    const [a, z] = [point(0), point(sweep)], before = point(sweep - 0.16);
    const back = Math.atan2(z[1] - before[1], z[0] - before[0]);
    const barb = (turn) => `${z[0] - 9 * Math.cos(back + turn)},${z[1] - 9 * Math.sin(back + turn)}`;
    const path = `M${a} A${r} ${r} 0 ${sweep > Math.PI ? 1 : 0} ${way > 0 ? 1 : 0} ${z} M${barb(0.5)} L${z} L${barb(-0.5)}`;
    return svg("path", { d: path, class: `lf-arc ${kind}` });
  };
  return [
    svg("line", { x1: cx, y1: cy - rod - 10, x2: cx, y2: cy - rod - 4, class: "lf-axis" }),
    label(cx, cy - rod - 20, "0", "lf-small"),
    svg("line", { x1: cx, y1: cy, x2: x, y2: tip[1], class: "lf-rod" }),
    svg("circle", { cx, cy, r: 5, class: "lf-pivot" }),
    arc(torque, 30, "lf-is-flow"), arc(push, 46, "lf-is-right"),
  ];
}

function render({ model, el }) {
  const data = model.get("data");
  const now = { angle: data.first.angle, action: data.first.action };
  const { root, controls, stage, say } = frame(el, "A critic's Q over the torque, at one angle: the action can be moved");
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "lf-drawing lf-drag", style: `max-width:${WIDTH}px`, role: "group", "aria-label": "Q over the torque" });
  const swing = svg("svg", { viewBox: "0 0 210 210", class: "lf-drawing lf-pendulum", "aria-hidden": "true", style: "max-width:210px" });
  const table = html("table", { class: "lf-table" });
  const handle = svg("circle", { r: 9, class: "lf-ball lf-handle", role: "slider", tabindex: 0, "aria-label": "torque a", "aria-orientation": "horizontal" });
  const torques = data.torques, last = torques.length - 1;
  const X = (a) => LEFT + ((a - data.low) / (data.high - data.low)) * (WIDTH - LEFT - RIGHT);
  const curve = svg("g", { "aria-hidden": "true" }), tangent = svg("line", { class: "lf-tangent" }), arrow = svg("path", { class: "lf-arc lf-is-right" });
  drawing.append(curve, tangent, arrow, handle);

  const update = (moved) => {
    const k = now.angle, i = now.action, q = data.q[k], a = torques[i], slope = data.slope[k][i];
    const low = Math.min(...q), high = Math.max(...q), room = (high - low || 1) * 0.12;
    const Y = (v) => TOP + ((high + room - v) / (high - low + 2 * room)) * (HEIGHT - TOP - BOTTOM);
    const points = q.map((v, j) => `${X(torques[j]).toFixed(1)},${Y(v).toFixed(1)}`).join(" ");
    const reach = Math.min(0.6, (0.3 * (high - low + 2 * room)) / (Math.abs(slope) || 1e-9));
    const own = X(data.own[k]);
    curve.replaceChildren(
      svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM, class: "lf-axis" }),
      ...[data.low, 0, data.high].map((t) => label(X(t), HEIGHT - BOTTOM + 14, number(t), "lf-small")),
      label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "torque a", "lf-small"),
      label(LEFT - 4, Y(high), number(high, 1), "lf-small", "end"), label(LEFT - 4, Y(low), number(low, 1), "lf-small", "end"),
      label(10, TOP - 2, "Q(s, a)", "lf-small", "start"),
      svg("line", { x1: own, x2: own, y1: HEIGHT - BOTTOM - 9, y2: HEIGHT - BOTTOM, class: "lf-own" }),
      label(Math.min(WIDTH - 58, Math.max(LEFT + 46, own)), HEIGHT - BOTTOM - 17, "the actor's a", "lf-small"),
      svg("polyline", { points, class: "lf-curve" }),
    );
    const line = [a - reach, a + reach].map((t) => [X(t), Y(q[i] + (t - a) * slope)]);
    for (const [name, value] of [["x1", line[0][0]], ["y1", line[0][1]], ["x2", line[1][0]], ["y2", line[1][1]]]) tangent.setAttribute(name, value);
    handle.setAttribute("cx", X(a));
    handle.setAttribute("cy", Y(q[i]));
    const tip = X(a) + Math.sign(slope) * (14 + 46 * Math.tanh(Math.abs(slope) / data.slope_scale)), y = Y(q[i]) - 20, s = Math.sign(slope) * 7;
    arrow.setAttribute("d", slope ? `M${X(a)},${y} L${tip},${y} M${tip - s},${y - 5} L${tip},${y} L${tip - s},${y + 5}` : "");
    swing.replaceChildren(...pendulum(data.angles[k], a, Math.sign(slope) * (0.2 + 1.2 * Math.tanh(Math.abs(slope) / data.slope_scale))));
    table.replaceChildren(html("caption", {}, "What pushes the actor"), ...PUSHES.map(([key, words]) =>
      html("tr", {}, html("th", { scope: "row" }, words), html("td", {}, signed(data[key][k][i], 3)))));
    const more = slope > 0 ? "a larger" : "a smaller";
    handle.setAttribute("aria-valuemin", data.low);
    handle.setAttribute("aria-valuemax", data.high);
    handle.setAttribute("aria-valuenow", a);
    handle.setAttribute("aria-valuetext", `torque ${number(a)}, Q ${number(q[i], 1)}, slope ${number(slope, 2)}`);
    const begin = moved === "angle" ? `Angle ${number(data.angles[k])}, torque ${number(a)}` : `Torque ${number(a)}`;
    say(`${begin}: the slope dQ/da = ${signed(slope, 2)} asks for ${more} torque; through the squash ` +
        `${signed(data.squashed[k][i], 2)} is left, inverted ${signed(data.inverted[k][i], 2)}; ` +
        `in one step the speed goes from 0 to ${signed(data.speed_after[k][i], 2)} rad/s.`);
  };
  const move = (index) => { now.action = Math.min(last, Math.max(0, index)); update("torque"); };
  const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity };
  handle.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(now.action + STEPS[event.key]);
  });
  const toPointer = (event) => {
    const box = drawing.getBoundingClientRect(), x = ((event.clientX - box.left) / box.width) * WIDTH;
    const a = data.low + ((x - LEFT) / (WIDTH - LEFT - RIGHT)) * (data.high - data.low);
    move(Math.round(((a - data.low) / (data.high - data.low)) * last));
  };
  draggable(drawing, (event) => { handle.focus(); toPointer(event); }, toPointer);
  const angles = range({
    label: "angle (0 is upright)", min: 0, max: data.angles.length - 1, step: 1, value: now.angle,
    text: (k) => `${number(data.angles[k])} rad`, changed: (k) => { now.angle = k; update("angle"); },
  });
  controls.append(angles.element, button("The actor's own action", () => {
    const own = data.own[now.angle];
    move(Math.round(((own - data.low) / (data.high - data.low)) * last));
  }));
  const legend = html("ul", { class: "lf-legend" },
    html("li", {}, svg("svg", { width: 30, height: 12, "aria-hidden": "true" }, svg("line", { x1: 0, y1: 6, x2: 30, y2: 6, class: "lf-arc lf-is-flow" })), "the torque a"),
    html("li", {}, svg("svg", { width: 30, height: 12, "aria-hidden": "true" }, svg("line", { x1: 0, y1: 6, x2: 30, y2: 6, class: "lf-arc lf-is-right" })), "the push: where dQ/da points"));
  stage.append(drawing, html("div", { class: "lf-side" }, swing, table));
  root.append(legend);
  update("torque");
}

export default { render };
