// Tables that say in words and numbers what the picture shows.
import { clamp, write } from "./numbers.js";
import { element } from "./page.js";

// head and cells: texts, numbers or elements; the first cell of a row is its heading.
export function table(caption, head, rows) {
  const cell = (tag) => (value) =>
    value?.nodeType ? value : element(tag, tag === "th" ? { scope: "col" } : {}, String(value));
  return element("table", {}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head.map(cell("th")))),
    element("tbody", {}, ...rows.map(([first, ...rest]) =>
      element("tr", {}, element("th", { scope: "row" }, String(first)), ...rest.map(cell("td"))))));
}

// As many decimals as the value has, four at most.
export const exact = (value) => write(value, 4).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

// At most 16 rows and columns around the current one: a reader is not sent through 16,384 cells.
export function mapTable(name, [height, width], [row, column], value, current) {
  const from = (at, size) => clamp(at - 6, 0, Math.max(0, size - 16));
  const [top, left] = [from(row, height), from(column, width)];
  const rows = Array.from({ length: Math.min(16, height) }, (_, i) => top + i);
  const columns = Array.from({ length: Math.min(16, width) }, (_, i) => left + i);
  const part = rows.length * columns.length < height * width ? `, rows ${rows[0]}–${rows.at(-1)}, columns ${columns[0]}–${columns.at(-1)}` : "";
  const cell = (r, c) => element("td", current(r, c) ? { "aria-current": "true" } : {}, value(r, c));
  return table(`${name} ${height} × ${width}${part}`, ["row", ...columns], rows.map((r) => [r, ...columns.map((c) => cell(r, c))]));
}
