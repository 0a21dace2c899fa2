// Two runs of DDPG on one seed: a healthy one and a sick one. Critic surface, actor's curve, pendulum, learning curve.

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [400, 240, 40, 12, 12, 38];
const KINDS = ["lf-well", "lf-ill"];

function axes(xLabel, yLabel, xs, ys, [low, high], [bottom, top]) {
  const X = (v) => LEFT + ((v - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const Y = (v) => HEIGHT - BOTTOM - ((v - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "lf-drawing", style: "max-width:520px", "aria-hidden": "true" });
  const ticks = [
    ...xs.map((v) => label(X(v), HEIGHT - BOTTOM + 13, number(v), "lf-small")), ...ys.map((v) => label(LEFT - 5, Y(v), number(v), "lf-small", "end")),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 9, xLabel, "lf-small"),
    svg("path", { d: `M${LEFT},${TOP} V${HEIGHT - BOTTOM} H${WIDTH - RIGHT}`, class: "lf-axis", fill: "none" }),
  ];
  const panel = html("figure", { class: "lf-panel" }, html("figcaption", {}, yLabel), drawing);
  return { X, Y, drawing, ticks, panel };
}

function line(kind) {
  return svg("polyline", { class: `lf-run ${kind}` });
}

function trace(element, xs, ys, X, Y) {
  element.setAttribute("points", xs.map((x, k) => (ys[k] === null ? "" : `${X(x).toFixed(1)},${Y(ys[k]).toFixed(1)}`)).join(" "));
}

function rod(theta, kind) {
  const element = svg("line", { x1: 0, y1: 0, class: `lf-pole ${kind}` });
  element.setAttribute("x2", -80 * Math.sin(theta)); // Gymnasium counts angles counterclockwise
  element.setAttribute("y2", -80 * Math.cos(theta));
  return element;
}

function render({ model, el }) {
  const data = model.get("data"), [well, ill] = data.agents, last = well.length - 1;
  const now = { frame: last, moment: data.seconds.length - 1, whose: 0 };
  const { root, controls, stage, say } = frame(el, "A film of DDPG's training on Pendulum: a healthy and a sick agent on one seed");
  const half = Math.PI, torque = data.torques.at(-1);
  const surface = axes("angle (0 is upright)", "Critic and actors: torque over angle", [-3, 0, 3], [-torque, 0, torque], [-half, half], [-torque * 1.1, torque * 1.1]);
  const wide = (WIDTH - LEFT - RIGHT) / (data.angles.length - 1), high = (HEIGHT - TOP - BOTTOM) / 1.1 / (data.torques.length - 1);
  const tiles = data.angles.flatMap((angle, i) => data.torques.map((a) => {
    const x = Math.max(LEFT, surface.X(angle) - wide / 2), right = Math.min(WIDTH - RIGHT, surface.X(angle) + wide / 2);
    return svg("rect", { x, y: surface.Y(a) - high / 2, width: right - x, height: high });
  }));
  const curves = KINDS.map(line);
  surface.drawing.append(...tiles, ...surface.ticks, ...curves.toReversed());
  const steps = well.map((f) => f.steps), bottom = Math.min(...data.agents.flat().map((f) => f.mean_return ?? 0));
  const learning = axes("steps", "Mean return of 100 episodes", [0, steps[last] / 2, steps[last]], [bottom, bottom / 2, 0].map(Math.round), [0, steps[last]], [bottom, 0]);
  const marker = svg("line", { y1: TOP, y2: HEIGHT - BOTTOM, class: "lf-marker" });
  const returns = KINDS.map(line);
  learning.drawing.append(...learning.ticks, marker, ...returns.toReversed());
  data.agents.forEach((frames, k) => trace(returns[k], steps, frames.map((f) => f.mean_return), learning.X, learning.Y));
  const swings = svg("svg", { viewBox: "-105 -105 210 210", class: "lf-drawing lf-pendulum", "aria-hidden": "true", style: "max-width:210px" });
  stage.append(surface.panel, learning.panel, html("figure", { class: "lf-panel" }, html("figcaption", {}, "The pendulum, begun hanging"), swings));

  const fill = () => {
    const tilt = data.agents[now.whose][now.frame].tilt.flat();
    tiles.forEach((tile, k) => {
      const strength = Math.max(-1, Math.min(1, (tilt[k] ?? 0) / data.reach));
      tile.setAttribute("class", strength > 0 ? "lf-above" : "lf-below");
      tile.style.fillOpacity = (0.7 * Math.abs(strength)).toFixed(3);
    });
  };
  const pose = () => swings.replaceChildren(
    svg("circle", { r: 92, class: "lf-reach" }),
    ...[1, 0].map((k) => rod(data.agents[k][now.frame].episode[now.moment], KINDS[k])), svg("circle", { r: 5, class: "lf-pivot" }));
  const show = (k) => {
    now.frame = k;
    curves.forEach((curve, i) => trace(curve, data.angles, data.agents[i][k].own, surface.X, surface.Y));
    for (const end of ["x1", "x2"]) marker.setAttribute(end, learning.X(steps[k]));
    fill();
    pose();
    say(data.words[k]);
  };
  const film = player({ label: "training", frames: steps.length, text: (k) => `${steps[k]} steps`, show });
  const moment = range({
    label: "moment of the episode", min: 0, max: data.seconds.length - 1, step: 1, value: now.moment,
    text: (k) => `${number(data.seconds[k], 1)} s`, changed: (k) => { now.moment = k; pose(); },
  });
  const whose = choice({ label: "critic of", options: [["the healthy agent", 0], ["the sick agent", 1]], value: 0, changed: (k) => { now.whose = k; fill(); } });
  controls.append(film.element, moment.element, whose);
  const sign = (kind) => svg("svg", { width: 30, height: 12, "aria-hidden": "true" }, svg("line", { x1: 0, y1: 6, x2: 30, y2: 6, class: `lf-run ${kind}` }));
  const patch = (kind) => svg("svg", { width: 22, height: 14, "aria-hidden": "true" }, svg("rect", { width: 22, height: 14, class: kind, style: "fill-opacity:.6" }));
  root.append(html("ul", { class: "lf-legend" },
    html("li", {}, sign("lf-well"), "healthy"), html("li", {}, sign("lf-ill"), data.sickness),
    html("li", {}, patch("lf-above"), "Q above its mean over the torques"), html("li", {}, patch("lf-below"), "below")));
  show(0);
  return film.end;
}

export default { render };
