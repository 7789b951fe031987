// Search, sorting, enlarged figures and a dark page. Without it all content is still there.
"use strict";

const theme = document.getElementById("theme");
const setTheme = (name) => {
  document.documentElement.dataset.bsTheme = name;
  theme.textContent = name === "dark" ? "Light" : "Dark";
};
setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
theme.addEventListener("click", () => setTheme(document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark"));
document.querySelector(".tools").hidden = false;

// A link may lead into something that is folded away.
const targetOf = (hash) => {
  try { return document.getElementById(decodeURIComponent(hash)) ?? document.getElementById(hash); } catch { return document.getElementById(hash); }
};
const unfold = () => {
  const target = targetOf(location.hash.slice(1));
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (target) target.scrollIntoView({ block: target.matches("td, tr") ? "center" : "start" });
};
addEventListener("hashchange", unfold);
addEventListener("load", () => { if (location.hash) unfold(); }); // after the browser's own jump

// --- sorting: by number where a cell has one, else by text; rows stay in their group ---
const valueOf = (row, column) => {
  const cell = row.cells[column];
  if (cell === undefined) return null;
  const text = cell.dataset.number ?? cell.textContent.trim();
  return text === "" ? null : text;
};
const compare = (a, b) => {
  if (a === null || b === null) return (a === null) - (b === null);
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
};
const sortBy = (table, heading, column) => {
  const down = heading.ariaSort === "ascending";
  table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
  heading.ariaSort = down ? "descending" : "ascending";
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
    rows.sort((one, other) => {
      const [a, b] = [valueOf(one, column), valueOf(other, column)];
      return (down && a !== null && b !== null ? -1 : 1) * compare(a, b);
    });
    body.append(...rows);
  }
};
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const last = table.tHead.rows[table.tHead.rows.length - 1];
  [...last.cells].forEach((heading, column) => {
    if (heading.tagName !== "TH") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(table, heading, column));
  });
}

// --- search: all words must be in a row or cell, its headings and its paper; tables and figures come first, then cells, then claims ---
const SHOWN = 60;
let index = null;
const headingOf = (cell) => {
  const table = cell.closest("table");
  const last = table.tHead.rows[table.tHead.rows.length - 1];
  let group = "";
  if (table.tHead.rows.length > 1) {
    let at = 0;
    for (const one of table.tHead.rows[0].cells) {
      at += one.colSpan;
      if (cell.cellIndex < at) { group = one.textContent; break; }
    }
  }
  return `${group} ${last.cells[cell.cellIndex].textContent}`.trim();
};
const partsOf = (cell) => [...cell.childNodes].filter((part) => part.nodeName !== "SUP").map((part) => part.textContent.trim()).filter(Boolean).join(" ");
const entryOf = (one) => {
  const [paper, name] = one.id.split("/");
  const piece = `${paper}, ${name.replaceAll("_", " ")}`;
  if (one.matches(".piece")) {
    const shown = `${paper}: ${[...one.querySelectorAll("h4, .caption, figcaption")].map((part) => part.textContent.trim()).join(" ")}`;
    return { id: one.id, shown, all: shown, rank: 0 };
  }
  if (one.tagName === "TR") {
    const words = [...one.cells].map(partsOf).filter(Boolean).join(" · ");
    const shown = `${piece}: ${words.length > 220 ? `${words.slice(0, 220)}…` : words}`;
    return { id: one.id, shown, all: `${piece} ${words}`, rank: name === "claims" ? 2 : 3 };
  }
  const group = one.closest("tbody").querySelector("tr.group th");
  const row = `${group ? `${group.textContent}, ` : ""}${one.parentElement.cells[0].textContent}`;
  const shown = `${piece}: ${row}, ${headingOf(one)}: ${partsOf(one)}`;
  return { id: one.id, shown, all: `${shown} ${one.id}`, rank: 1 };
};
const search = document.getElementById("search");
const found = document.getElementById("found");
search.addEventListener("input", () => {
  index ??= [...document.querySelectorAll("main .piece[id], main td[id], main tr[id]")].map(entryOf).map((one) => ({ ...one, all: one.all.toLowerCase() }));
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  found.hidden = words.length === 0;
  if (found.hidden) return;
  const hits = index.filter((one) => words.every((word) => one.all.includes(word))).sort((a, b) => a.rank - b.rank);
  const count = document.createElement("p");
  count.className = "mb-1";
  count.textContent = `${hits.length} found${hits.length > SHOWN ? `, the first ${SHOWN} shown` : ""}`;
  const links = hits.slice(0, SHOWN).map((one) => {
    const link = document.createElement("a");
    link.href = `#${encodeURI(one.id)}`;
    link.textContent = one.shown;
    return link;
  });
  found.replaceChildren(count, ...links);
});
const closeFound = () => { found.hidden = true; };
found.addEventListener("click", (event) => { if (event.target.tagName === "A") closeFound(); });
addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeFound();
  if (event.key === "Enter" && event.target === search && !found.hidden) found.querySelector("a")?.click();
});

// A click on a cell puts its link into the address bar; a keyboard finds it by search.
document.addEventListener("click", (event) => {
  const cell = event.target.closest("td[id]");
  if (cell) location.hash = encodeURI(cell.id);
});

// --- enlarged figures ---
const zoomed = document.getElementById("zoomed");
const [size, closing] = zoomed.querySelectorAll("button");
document.querySelectorAll(".zoom").forEach((button) => button.addEventListener("click", () => {
  const [small, large] = [button.querySelector("img"), zoomed.querySelector("img")];
  large.src = small.src;
  large.alt = small.alt;
  zoomed.querySelector("p").textContent = button.closest("figure").querySelector("figcaption").textContent.trim();
  zoomed.classList.remove("full");
  size.textContent = "Full size";
  zoomed.showModal();
}));
size.addEventListener("click", () => { size.textContent = zoomed.classList.toggle("full") ? "Fit" : "Full size"; });
closing.addEventListener("click", () => zoomed.close());
zoomed.addEventListener("click", (event) => { if (event.target === zoomed) zoomed.close(); });
