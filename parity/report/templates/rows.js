
"use strict";
// Sorting and filtering are added here, so that without scripts no dead control is shown.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = table.tHead.rows[0].cells;
  const body = table.tBodies[0];
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const place = head.cellIndex;
      // What stands between rows means nothing in another order.
      for (const row of body.querySelectorAll("tr.moved")) row.remove();
      const rows = [...body.rows].map((row) => [row, keyOf(row.cells[place])]);
      rows.sort((one, other) => compare(one[1], other[1], up));
      body.append(...rows.map(([row]) => row));
    });
  }
}

function keyOf(cell) {
  const given = cell.dataset.sort;
  if (given) return Number(given);
  const text = cell.textContent.trim();
  if (given === "" || text === "NULL" || text === "·" || text === "—" || text === "") return null;
  return text;
}

// Cells without a value stay last in both directions; numbers come before words.
function compare(one, other, up) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  const order = typeof one === "number" ? one - other : one < other ? -1 : one > other ? 1 : 0;
  return up ? order : -order;
}

// Each incident's link to its rows also has the tables of its dataset show no others.
for (const link of document.querySelectorAll("a[data-rows]")) {
  link.addEventListener("click", () => {
    for (const input of link.closest(".dataset").querySelectorAll(".tools input")) {
      input.value = link.dataset.rows;
      input.dispatchEvent(new Event("input"));
    }
  });
}

for (const tools of document.querySelectorAll("[data-filter]")) {
  const table = document.getElementById(tools.dataset.filter);
  const between = [...table.tBodies[0].rows].filter((row) => row.classList.contains("moved"));
  const rows = [...table.tBodies[0].rows]
    .filter((row) => !row.classList.contains("moved"))
    .map((row) => [row, row.textContent.toLowerCase()]);
  const label = document.createElement("label");
  const input = document.createElement("input");
  const status = document.createElement("output");
  input.type = "search";
  input.placeholder = tools.dataset.example;
  label.append("Filter rows ", input);
  tools.append(label, status);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    for (const row of between) row.hidden = words.length > 0;
    status.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
  });
}
