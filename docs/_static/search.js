/* On the search page: below each result, the sentence around the first word that was looked for. */
const AROUND = 110;  // characters on each side
const words = (new URLSearchParams(location.search).get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);

function excerpt(text) {
  const low = text.toLowerCase();
  const places = words.map(word => low.indexOf(word)).filter(place => place >= 0);
  if (!places.length) return null;
  const at = Math.min(...places);
  const from = at < AROUND ? 0 : low.indexOf(" ", at - AROUND) + 1;
  const to = text.lastIndexOf(" ", at + AROUND);
  const line = document.createElement("p");
  line.className = "context";
  line.append(from ? "… " : "");
  for (const part of text.slice(from, to > at ? to : undefined).split(/(\s+)/)) {
    const found = words.some(word => part.toLowerCase().includes(word));
    const piece = found ? document.createElement("mark") : document.createTextNode(part);
    if (found) piece.textContent = part;
    line.append(piece);
  }
  line.append(" …");
  return line;
}

function complete(result) {
  const link = result.querySelector("a[href]");
  if (!link || result.querySelector("p.context")) return;
  const root = new URL(document.documentElement.dataset.content_root || "./", location.href).pathname;
  const name = decodeURIComponent(new URL(link.href).pathname.slice(root.length)).replace(/\.html$/, "");
  const line = excerpt(window.PAGE_TEXTS[name] || "");
  if (line) result.append(line);
}

new MutationObserver(() => document.querySelectorAll("#search-results li").forEach(complete))
  .observe(document.getElementById("search-results"), {childList: true, subtree: true});
