"use strict";
// A click on a heading sorts its table by that column; another one turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  };
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const compare = (one, two) => {
        const [a, b] = [value(one, column), value(two, column)];
        return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
      };
      const rows = [...body.rows].sort((one, two) => (up ? 1 : -1) * compare(one, two));
      body.append(...rows);
    });
  });
}
