"use strict";
// An entry is a row with a button; the row after it has the details that the button shows.
const entries = [...document.querySelectorAll("tr.entry")];
const count = document.getElementById("count");
const filter = document.getElementById("filter");
const only = document.getElementById("only");
function toggle(button, open) {
  button.setAttribute("aria-expanded", String(open));
  button.closest("tr").nextElementSibling.hidden = !open;
}
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr.entry");
  if (row && !String(getSelection())) {
    const button = row.querySelector("button");
    toggle(button, button.getAttribute("aria-expanded") !== "true");
  }
});
function show() {
  const wanted = filter.value.toLowerCase();
  let shown = 0;
  for (const row of entries) {
    const fits = row.dataset.text.includes(wanted) && (!only.checked || "only" in row.dataset);
    row.hidden = !fits;
    if (fits) shown += 1;
    else toggle(row.querySelector("button"), false);
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden =
      !section.querySelector("tr.entry:not([hidden])") && (wanted !== "" || only.checked);
  }
  count.textContent = `${shown} of ${entries.length} ${count.dataset.counted}`;
}
filter.addEventListener("input", show);
only.addEventListener("change", show);
// A slash goes to the filter.
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== filter) {
    event.preventDefault();
    filter.focus();
  }
});
show();
