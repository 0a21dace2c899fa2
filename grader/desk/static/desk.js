// The desk's page: points by key, saved at once, undone by key. What a student wrote is set as text, never as HTML.
"use strict";

const desk = document.getElementById("desk");
const cards = [...document.querySelectorAll(".card")];
const most = Number(desk.dataset.most);
const written = desk.dataset.written === "1";
const seen = new Set(); // keys of the answers that were looked at
const done = []; // what undo puts back: lists of marks as they were
let here = null;
let show = "all";

const $ = (root, selector) => root.querySelector(selector);
const textarea = card => $(card, "textarea");
const points = card => {
  const text = card.dataset.manual !== "" ? card.dataset.manual : card.dataset.auto;
  return text === "" ? null : Number(text);
};
const waiting = card => card.dataset.waiting === "1";
const short = number => String(Math.round(number * 100) / 100);
const in_points = number => `${short(number)} ${number === 1 ? "point" : "points"}`;

function say(text, bad = false) {
  const line = document.getElementById("said");
  line.textContent = text;
  line.classList.toggle("bad", bad);
}

function paint(card) {
  const now = points(card), by_hand = card.dataset.manual !== "";
  card.classList.toggle("done", !waiting(card));
  let state = now === null ? "unmarked" : `${short(now)} of ${short(most)}`;
  if (waiting(card) && by_hand) state += ", graded again since: look once more";
  else if (by_hand && !written) state += ", overridden";
  $(card, ".state").textContent = state;
  for (const button of card.querySelectorAll("[data-points]"))
    button.setAttribute("aria-pressed", String(by_hand && Number(button.dataset.points) === now));
  $(card, ".exact").value = by_hand ? short(now) : "";
  $(card, ".flag").setAttribute("aria-pressed", String(card.dataset.flagged === "1"));
}

function count() {
  const open = cards.filter(waiting).length, total = cards.length;
  document.getElementById("bar").value = total - open;
  document.getElementById("count").textContent = `${total - open} of ${total} marked`;
  document.getElementById("n-waiting").textContent = open;
  document.getElementById("n-flagged").textContent = cards.filter(c => c.dataset.flagged === "1").length;
  document.getElementById("undo").disabled = done.length === 0;
  document.querySelectorAll(".group.many").forEach(readiness);
}

function take(card, mark) {
  card.dataset.version = mark.version;
  card.dataset.manual = mark.manual === null ? "" : mark.manual;
  card.dataset.auto = mark.auto === null ? "" : mark.auto;
  card.dataset.waiting = mark.waiting ? "1" : "0";
  textarea(card).value = mark.comment;
  card.saved = mark.comment;
  card.wanted = null;
  paint(card);
}

const mark_of = card => ({
  points: card.dataset.manual === "" ? null : Number(card.dataset.manual),
  comment: card.saved, waiting: waiting(card),
});

async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST", credentials: "same-origin",
    headers: {"Content-Type": "application/json", "X-Desk-Token": desk.dataset.token},
    body: JSON.stringify({question: desk.dataset.question, ...body}),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.problem);
  return found;
}

// Saves one after another: a second key pressed at once is a change of what the first one saved.
let queue = Promise.resolve();
function save(changes, undoing = false) {
  queue = queue.then(() => save_now(changes, undoing)).catch(problem => {
    say(`Not saved: ${problem.message}`, true);
  });
  return queue;
}

async function save_now(changes, undoing) {
  const sent = changes.map(([card, change]) => ({key: card.dataset.key, seen: card.dataset.version, ...change}));
  const before = changes.map(([card]) => [card, mark_of(card)]);
  say("Saving …");
  const {outcomes} = await post("/api/save", {changes: sent});
  const kept = [];
  outcomes.forEach((outcome, i) => {
    const [card, change] = changes[i];
    if (outcome.saved) {
      take(card, outcome.mark);
      settle(card);
      kept.push(before[i]);
      offer(outcome.mark.comment);
    } else conflict(card, change, outcome);
  });
  if (kept.length && !undoing) done.push(kept);
  count();
  if (kept.length === outcomes.length) say(said(changes.length === 1 ? changes[0][0] : null, changes.length, undoing));
  else say(`${outcomes.length - kept.length} not saved: somebody else has changed the mark meanwhile.`, true);
}

function said(card, many, undoing) {
  const progress = document.getElementById("count").textContent;
  const what = card ? `${$(card, "h3").textContent}: ${$(card, ".state").textContent}` : `${many} answers`;
  return `${undoing ? "Undone" : "Saved"}. ${what}. ${progress}.`;
}

function settle(card) {
  const box = $(card, ".conflict");
  box.hidden = true;
  box.replaceChildren();
}

function conflict(card, change, outcome) {
  const box = $(card, ".conflict"), theirs = outcome.mark;
  const line = document.createElement("p"), keep = document.createElement("button"), mine = document.createElement("button");
  const now = theirs.manual !== null ? in_points(theirs.manual) : theirs.auto !== null ? `${in_points(theirs.auto)} by the judge`
    : "no mark";
  const who = outcome.by ? `${outcome.by} has` : "Another person has";
  line.textContent = `${who} changed this meanwhile: ${now}` + (theirs.comment ? `, “${theirs.comment}”.` : ".");
  keep.type = mine.type = "button";
  keep.textContent = "Keep theirs";
  mine.textContent = change.keep ? "Save my comment" : change.points === null ? "Take the mark back" : `Save mine: ${short(change.points)}`;
  keep.onclick = () => { take(card, theirs); settle(card); count(); go(card); };
  mine.onclick = () => { card.dataset.version = theirs.version; save([[card, change]]).then(() => go(card)); };
  box.replaceChildren(line, keep, mine);
  box.hidden = false;
}

function give(card, value) {
  if (value !== null && !(value >= 0 && value <= most))
    return say(`This question has ${short(most)} points: 0 to ${short(most)}.`, true);
  const comment = textarea(card).value.trim();
  if (!written && value !== null && comment === "") {
    card.wanted = value;
    textarea(card).focus();
    return say("An override needs a reason: write it, then press Escape; both are saved.", true);
  }
  return save([[card, {points: value, comment: value === null && !written ? "" : comment}]]);
}

function leave_comment(card) {
  const comment = textarea(card).value.trim();
  if (card.wanted !== null && comment !== "") {
    const value = card.wanted;
    card.wanted = null;
    return save([[card, {points: value, comment}]]);
  }
  if (card.wanted !== null) {
    card.wanted = null;
    return say("Not overridden: there was no reason.", true);
  }
  if (comment === card.saved) return undefined;
  if (!written && card.dataset.manual !== "" && comment === "") {
    textarea(card).value = card.saved;
    return say("An override keeps its reason; x takes the override back.", true);
  }
  return save([[card, {keep: true, comment}]]);
}

function undo() {
  const last = done.pop();
  if (!last) return say("Nothing to undo.");
  go(last[0][0]);
  return save(last, true);
}

function offer(comment) {
  const bank = document.getElementById("bank");
  if (!comment || [...bank.querySelectorAll("button")].some(b => b.dataset.comment === comment)) return;
  const item = document.createElement("li"), button = document.createElement("button"), text = document.createElement("span");
  button.type = "button";
  button.dataset.comment = comment;
  text.className = "text";
  text.textContent = comment;
  button.append(text);
  item.append(button);
  bank.append(item);
  document.getElementById("no-bank").hidden = true;
}

function use(comment) {
  if (!here) return;
  const field = textarea(here), old = field.value.trim();
  if (!old.includes(comment)) field.value = old ? `${old}\n${comment}` : comment;
  leave_comment(here);
  go(here);
}

const shown = () => cards.filter(card => !card.hidden && !card.closest(".group").hidden);

function go(card) {
  if (!card) return say("There is no other one here.");
  here?.classList.remove("here");
  here = card;
  card.classList.add("here");
  look(card);
  card.focus({preventScroll: true});
  card.scrollIntoView({block: "nearest"});
  return undefined;
}

function look(card) {
  seen.add(card.dataset.key);
  const group = card.closest(".group.many");
  if (group) readiness(group);
}

function step(by) {
  const all = shown(), at = all.indexOf(here);
  go(at < 0 ? all[0] : all[at + by]);
}

function next_waiting() {
  const all = shown(), at = all.indexOf(here);
  const next = [...all.slice(at + 1), ...all.slice(0, at + 1)].find(waiting);
  if (next) go(next);
  else say("All of these are marked.");
}

function readiness(group) {
  const inside = [...group.querySelectorAll(".card")], button = $(group, ".same");
  const left = inside.filter(card => !seen.has(card.dataset.key)).length, model = source(inside);
  const ready = left === 0 && model !== undefined;
  button.setAttribute("aria-disabled", String(!ready));
  $(group, ".left").textContent = left ? `after a look at ${left} more` : model ? `${in_points(points(model))}, as ${
    $(model, "h3").textContent} has` : "after one of them has points";
}

// Whose points the others get: the answer marked here last, or the first that has points by hand.
function source(inside) {
  const by_hand = inside.filter(card => card.dataset.manual !== "");
  return by_hand.includes(here) ? here : by_hand[0];
}

function same(group) {
  const inside = [...group.querySelectorAll(".card")], model = source(inside);
  if ($(group, ".same").getAttribute("aria-disabled") === "true") return say($(group, ".left").textContent, true);
  const value = points(model), comment = textarea(model).value.trim();
  const others = inside.filter(c => c !== model && (waiting(c) || points(c) !== value || c.saved !== comment));
  if (!others.length) return say("All of them have these points already.");
  return save(others.map(card => [card, {points: value, comment}]));
}

function filter(which) {
  show = which;
  for (const button of document.querySelectorAll(".filters [data-show]"))
    button.setAttribute("aria-pressed", String(button.dataset.show === which));
  for (const card of cards)
    card.hidden = which === "waiting" ? !waiting(card) : which === "flagged" ? card.dataset.flagged !== "1" : false;
  for (const group of document.querySelectorAll(".group"))
    group.hidden = [...group.querySelectorAll(".card")].every(card => card.hidden);
  document.getElementById("nothing").hidden = shown().length > 0;
  if (here && here.hidden) { here.classList.remove("here"); here = null; }
}

async function toggle_flag(card) {
  const flagged = card.dataset.flagged !== "1";
  try {
    await post("/api/flag", {key: card.dataset.key, flagged});
    card.dataset.flagged = flagged ? "1" : "0";
    say(flagged ? "Flagged." : "The flag is gone.");
  } catch (problem) { say(`Not saved: ${problem.message}`, true); }
  paint(card);
  count();
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest?.("textarea, input");
  if (field) {
    if (event.key === "Escape" || (event.key === "Enter" && field.matches("input"))) {
      event.preventDefault();
      go(field.closest(".card"));
    }
    return;
  }
  if (event.target.closest?.("button, a, summary") && (event.key === "Enter" || event.key === " ")) return;
  const act = {
    n: () => step(1), j: () => step(1), p: () => step(-1), k: () => step(-1), u: undo, Enter: next_waiting,
    c: () => here && textarea(here).focus(), f: () => here && toggle_flag(here), x: () => here && give(here, null),
    b: () => document.querySelector("#bank button")?.focus(), ".": () => here && give(here, (points(here) ?? 0) + 0.5),
    Escape: () => here && go(here),
  }[event.key] ?? (/^[0-9]$/.test(event.key) ? () => here && give(here, Number(event.key)) : null);
  if (!act) return;
  event.preventDefault();
  if (!here && /^[0-9.cfx]$/.test(event.key)) say("Choose an answer first: n goes to the next one.", true);
  else act();
}

for (const card of cards) {
  card.saved = textarea(card).value.trim();
  card.wanted = null;
  paint(card);
  card.addEventListener("focusin", () => {
    if (here === card) return;
    here?.classList.remove("here");
    here = card;
    card.classList.add("here");
    look(card);
  });
  card.addEventListener("click", event => { if (!event.target.closest("button, a, input, textarea, summary, label")) go(card); });
  for (const button of card.querySelectorAll("[data-points]"))
    button.addEventListener("click", () => give(card, Number(button.dataset.points)));
  $(card, ".exact").addEventListener("change", event => {
    const text = event.target.value.trim().replace(",", ".");
    if (text === "") give(card, null);
    else if (Number.isFinite(Number(text))) give(card, Number(text));
    else { say("Points are a number.", true); paint(card); }
  });
  textarea(card).addEventListener("blur", () => leave_comment(card));
  $(card, ".flag").addEventListener("click", () => toggle_flag(card));
}
for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => filter(button.dataset.show));
for (const group of document.querySelectorAll(".group.many")) $(group, ".same").addEventListener("click", () => same(group));
document.getElementById("undo").addEventListener("click", undo);
document.getElementById("bank").addEventListener("click", event => {
  const button = event.target.closest("button");
  if (button) use(button.dataset.comment);
});
document.addEventListener("keydown", key);
if (matchMedia("(max-width: 60rem)").matches) // a phone has no keys, and its room is for the answers
  for (const folded of document.querySelectorAll(".keys, .bank")) folded.open = false;
count();
filter(cards.some(waiting) ? "waiting" : "all");
