// Sorts and filters the table of notebooks. Without this script the table is whole and in the order
// of the run, what broke first.
"use strict";
(() => {
  const table = document.querySelector(".notebooks");
  const form = document.querySelector(".filters");
  if (!form) return;

  // A body is one notebook: its row, those of its repetitions, and the line below them.
  const bodies = [...table.tBodies];
  const texts = new Map(bodies.map((body) => [body, body.textContent.toLowerCase()]));

  // ---- filter ----
  const search = form.querySelector("input[type=search]");
  const told = form.querySelector("output");

  function filter() {
    const mark = form.elements.mark.value;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const body of bodies) {
      const fits = (!mark || body.dataset.marks.split(" ").includes(mark))
        && words.every((word) => texts.get(body).includes(word));
      body.hidden = !fits;
      shown += fits;
    }
    told.textContent = shown === bodies.length ? "" : `${shown} of ${bodies.length} shown`;
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;

  // ---- sort ----
  // Of repetitions the largest number counts; where there is none, the text does.
  function key(body, column) {
    const cells = [...body.rows].map((row) => row.cells[column]).filter(Boolean);
    const numbers = cells.filter((cell) => cell.dataset.by).map((cell) => Number(cell.dataset.by));
    return numbers.length ? Math.max(...numbers) : cells[0].textContent.trim();
  }

  function compare(a, b) {
    if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
    return typeof a === "number" ? 1 : -1; // a number that is missing is less than every number
  }

  // The first click shows what is largest, or comes first in the alphabet; the third, the run's order.
  function sort(head, column) {
    const orders = head.dataset.order === "number" ? ["descending", "ascending", null] : ["ascending", "descending", null];
    const order = orders[(orders.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    let sorted = bodies;
    if (order) {
      head.setAttribute("aria-sort", order);
      const keys = new Map(bodies.map((body) => [body, key(body, column)]));
      const sign = order === "ascending" ? 1 : -1;
      sorted = [...bodies].sort((a, b) => sign * compare(keys.get(a), keys.get(b)));
    }
    table.append(...sorted);
  }

  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.dataset.order) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head, column));
    head.append(button);
  });
  filter(); // a browser may keep what was typed when a page is loaded again
})();
