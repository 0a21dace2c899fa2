/* Formulas that are wider than the page are made smaller, down to what can still be read; then they scroll by key. */
const SMALLEST = 0.6;

function fit(box) {
  box.style.fontSize = "";
  const widest = Math.max(...[...box.children].map(part => part.getBoundingClientRect().width));
  if (widest > box.clientWidth) box.style.fontSize = `${Math.max(SMALLEST, 0.98 * box.clientWidth / widest)}em`;
  if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0; else box.removeAttribute("tabindex");
}

function fitAll() {
  document.querySelectorAll(".formula").forEach(fit);
  document.documentElement.dataset.fitted = innerWidth;
}

document.fonts.ready.then(fitAll);
document.fonts.addEventListener("loadingdone", fitAll);  // a font that is asked for later has other widths
addEventListener("resize", fitAll);
addEventListener("toggle", fitAll, true);  // a formula in a folded part has no width until it is opened
