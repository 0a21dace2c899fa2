// What the live figures share: elements, controls that work by keyboard, one sentence for a screen reader.

const SVG = "http://www.w3.org/2000/svg";
const NARROW = 560; // pixels; below that, a figure is drawn for a phone

/** Return an HTML element with attributes and children. */
function html(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Return an SVG element with attributes and children. */
function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Return a number as a reader writes it: few digits, no trailing zeros, a true minus sign, no negative zero. */
function number(value, digits = 2) {
  if (value === null || !Number.isFinite(value)) return "—";
  const text = String(Number(value.toFixed(digits)) || 0);
  return text.replace("-", "−");
}

/** Return a number with its sign, also where it is positive. */
function signed(value, digits = 2) {
  const text = number(value, digits);
  return text.startsWith("−") || text === "0" ? text : `+${text}`;
}

/**
 * Make the frame of a figure in `el`: a named group, controls, drawings, and one sentence that says what has changed.
 *
 * JupyterLab takes no key from it: the attribute is Lumino's own, and what bubbles ends here.
 */
function frame(el, title) {
  const controls = html("div", { class: "lf-controls" });
  const stage = html("div", { class: "lf-stage" });
  const says = html("p", { class: "lf-says", role: "status" });
  const group = { class: "live-figure", role: "group", "aria-label": title, "data-lm-suppress-shortcuts": "true" };
  const root = html("div", group, controls, stage, says);
  for (const kind of ["keydown", "keypress", "keyup"]) root.addEventListener(kind, (event) => event.stopPropagation());
  el.replaceChildren(root);
  return { root, controls, stage, say: (sentence) => { if (says.textContent !== sentence) says.textContent = sentence; } };
}

/** Call `draw(narrow)` now, and again whenever the figure becomes narrow or wide; return what ends that. */
function onWidth(root, draw) {
  let narrow = null;
  const look = () => {
    const now = root.clientWidth > 0 && root.clientWidth < NARROW;
    if (now !== narrow) draw((narrow = now));
  };
  const observer = new ResizeObserver(() => requestAnimationFrame(look));
  observer.observe(root);
  look();
  return () => observer.disconnect();
}

/** Return a labeled range input; `text(value)` is what a screen reader says, and what stands beside it. */
function range({ label, min, max, step, value, text, changed }) {
  const shown = html("span", { class: "lf-value", "aria-hidden": "true" });
  const input = html("input", { type: "range", min, max, step });
  const set = (now) => {
    input.value = now;
    input.setAttribute("aria-valuetext", text(Number(input.value)));
    shown.textContent = text(Number(input.value));
  };
  input.addEventListener("input", () => { set(input.value); changed(Number(input.value)); });
  set(value);
  return { element: html("label", { class: "lf-range" }, html("span", {}, label), input, shown), set };
}

/** Return buttons of which one is pressed; arrow keys move the choice, as in any group of radio buttons. */
function choice({ label, options, value, changed }) {
  const name = `live-figure-${Math.random().toString(36).slice(2)}`; // two figures on one page are no one group
  const buttons = options.map(([word, key]) => {
    const input = html("input", { type: "radio", name, checked: key === value, onchange: () => changed(key) });
    return html("label", {}, input, html("span", {}, word));
  });
  return html("fieldset", { class: "lf-choice" }, html("legend", {}, label), ...buttons);
}

/** Return a labeled box to be checked. */
function checkbox({ label, value, changed }) {
  const input = html("input", { type: "checkbox", checked: value, onchange: () => changed(input.checked) });
  return html("label", { class: "lf-check" }, input, html("span", {}, label));
}

/** Return a button. */
function button(label, pressed) {
  return html("button", { type: "button", class: "lf-button", onclick: pressed }, label);
}

/** Return text in a drawing, with a rim in the ground's color that keeps lines off it. */
function label(x, y, text, kind = "", anchor = "middle") {
  return svg("text", { x, y, class: `lf-text ${kind}`, "text-anchor": anchor, "dominant-baseline": "central" }, text);
}

/** Let a pointer drag `target`: `moved(event)` while it is down. */
function draggable(target, began, moved) {
  target.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    target.setPointerCapture(event.pointerId);
    began(event);
    const move = (next) => moved(next);
    const end = () => {
      target.removeEventListener("pointermove", move);
      target.removeEventListener("pointerup", end);
      target.removeEventListener("pointercancel", end);
    };
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", end);
    target.addEventListener("pointercancel", end);
  });
}

/**
 * Return a film's controls: a slider over its frames and a button that plays them, from the start when they have ended.
 *
 * Nothing plays by itself. Where the reader asks for less motion there is no button; the slider shows every frame.
 * With `inSteps` one frame is one step of a walk: it stays for two seconds, and there are buttons to go by one.
 */
function player({ label: name, frames, text, show, first = 0, inSteps = false }) {
  const still = !inSteps && matchMedia("(prefers-reduced-motion: reduce)").matches, last = frames - 1;
  let at = first, timer = null;
  const go = (k) => { at = Math.min(last, Math.max(0, k)); slider.set(at); show(at); };
  const end = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  const slider = range({ label: name, min: 0, max: last, step: 1, value: first, text, changed: (k) => { end(); go(k); } });
  const play = button("Play", () => {
    if (timer !== null) return end();
    if (at === last) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => { go(at + 1); if (at === last) end(); }, inSteps ? 2000 : 250);
  });
  const by = (word, steps) => button(word, () => { end(); go(at + steps); });
  const buttons = [...(inSteps ? [by("Previous", -1), by("Next", 1)] : []), ...(still ? [] : [play])];
  const element = html("div", { class: inSteps ? "lf-steps" : "lf-steps lf-film" }, slider.element, ...buttons);
  return { element, end };
}
