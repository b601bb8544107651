// Small comforts; every page works without them. No data is kept, nothing is sent.
"use strict";

// Copying: a button takes what stands in the element that it names.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const from = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText("value" in from ? from.value : from.textContent);
    button.dataset.said ??= button.textContent;
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it and copy by hand";
  }
  setTimeout(() => { button.textContent = button.dataset.said ?? button.textContent; }, 2000);
});

// Keys: / finds, j and k go from entry to entry, o opens the details of the one that has the focus.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const entries = [...document.querySelectorAll("[data-entry]")].filter((entry) => entry.offsetParent !== null);
  const at = entries.indexOf(document.activeElement.closest("[data-entry]"));
  if (event.key === "/") {
    document.getElementById("q").focus();
  } else if (event.key === "j" || event.key === "k") {
    if (!entries.length) return;
    const near = at < 0 ? 0 : Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), entries.length - 1);
    entries[near].focus();
    entries[near].scrollIntoView({ block: "center" });
  } else if (event.key === "o" && at >= 0) {
    const details = entries[at].querySelector("details");
    if (details) details.open = !details.open;
  } else {
    return;
  }
  event.preventDefault();
});

// The page is asked for again every few seconds; not while somebody reads the details of an entry, has words
// selected, writes, or presses a button of the mouse. What came is not shown if they have begun to meanwhile.
const busy = () => document.hidden || document.querySelector("#content details[open], #content :active")
  || !document.getSelection().isCollapsed || document.activeElement.closest("#content form, #content [data-entry]");
for (const moment of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(moment, (event) => {
    const asks = event.detail.requestConfig?.elt ?? event.detail.elt;
    if (asks.matches("[data-polls]") && busy()) event.preventDefault();
  });
}

// A page that cannot be had leaves the old one standing, and says so.
const away = () => document.body.classList.add("away");
document.addEventListener("htmx:sendError", away);
document.addEventListener("htmx:responseError", away);
document.addEventListener("htmx:afterOnLoad", () => document.body.classList.remove("away"));

// The live page: lines come in on top as they are written; the oldest fall off.
const stream = document.querySelector("[data-stream]");
if (stream) {
  const says = document.getElementById("streaming");
  const source = new EventSource(stream.dataset.stream);
  source.addEventListener("open", () => { says.textContent = "Lines come in as they are written."; });
  source.addEventListener("error", () => { says.textContent = "The console does not answer; trying again."; });
  source.addEventListener("lines", (event) => {
    const fresh = document.createElement("tbody");
    fresh.innerHTML = event.data;
    for (const row of [...fresh.rows]) {
      if (stream.querySelector(`[data-place="${CSS.escape(row.dataset.place)}"]`)) row.remove();
    }
    if (fresh.rows.length) document.querySelector("#content .empty")?.remove();
    stream.prepend(...fresh.rows);
    while (stream.rows.length > 200) stream.lastElementChild.remove();
  });
}
