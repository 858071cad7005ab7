"use strict";
// What only a script can work is added here, so that without scripts no dead control is shown.

function element(name, given = {}, ...inside) {
  const made = Object.assign(document.createElement(name), given);
  made.append(...inside);
  return made;
}

// Sorting.

function sortable(head, body) {
  const button = element("button", { type: "button" }, ...head.childNodes);
  head.append(button);
  head.setAttribute("aria-sort", "none");
  button.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const place = head.cellIndex;
    // What stands between rows means nothing in another order.
    for (const row of body.querySelectorAll("tr.moved")) row.remove();
    const rows = [...body.rows].map((row) => [row, keyOf(row.cells[place])]);
    rows.sort((one, other) => compare(one[1], other[1], up));
    body.append(...rows.map(([row]) => row));
  });
}

for (const table of document.querySelectorAll("table[data-sortable]"))
  for (const head of table.tHead.rows[0].cells) sortable(head, table.tBodies[0]);

function keyOf(cell) {
  const given = cell.dataset.sort;
  if (given) return Number(given);
  if (cell.classList.contains("pair")) return numberIn(cell.lastChild.lastChild.data);
  const text = cell.textContent.trim();
  if (given === "" || text === "NULL" || text === "·" || text === "—" || text === "") return null;
  if (!cell.classList.contains("number")) return text;
  const number = numberIn(text);
  return number === null ? text : number;
}

function numberIn(text) {
  const number = Number(text.replaceAll(",", ""));
  return Number.isNaN(number) ? null : number;
}

// Cells without a value stay last in both directions; numbers come before words.
function compare(one, other, up) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  const order = typeof one === "number" ? one - other : one < other ? -1 : one > other ? 1 : 0;
  return up ? order : -order;
}

// Filtering.

// A link to the rows of an incident also has the tables of its dataset show no others.
for (const link of document.querySelectorAll("a[data-rows]")) {
  link.addEventListener("click", () => {
    const owner = document.getElementById(link.hash.slice(1))?.closest(".dataset");
    for (const input of owner?.querySelectorAll(".tools > label > input[type=search]") ?? []) {
      input.value = link.dataset.rows;
      input.dispatchEvent(new Event("input"));
    }
  });
}

for (const tools of document.querySelectorAll("[data-filter]")) {
  const table = document.getElementById(tools.dataset.filter);
  const all = [...table.tBodies[0].rows];
  const between = all.filter((row) => row.classList.contains("moved"));
  const rows = all.filter((row) => !row.classList.contains("moved"));
  let texts = null;
  const input = element("input", { type: "search", placeholder: tools.dataset.example });
  const status = element("output");
  tools.append(element("label", {}, "Filter rows ", input), status);
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    texts ??= rows.map(textOf);
    let shown = 0;
    rows.forEach((row, place) => {
      row.hidden = !words.every((word) => texts[place].includes(word));
      if (!row.hidden) shown += 1;
    });
    for (const row of between) row.hidden = words.length > 0;
    status.textContent = words.length ? `${shown} of ${counted(rows.length)}` : counted(rows.length);
  };
  status.textContent = counted(rows.length);
  input.addEventListener("input", filter);
  table.addEventListener("columns", () => {
    texts = null;
    if (input.value) filter();
  });
}

function counted(number) {
  return `${number} row${number === 1 ? "" : "s"}`;
}

function textOf(row) {
  return [...row.cells]
    .filter((cell) => !cell.hidden)
    .map((cell) => cell.textContent)
    .join(" ")
    .toLowerCase();
}

// Columns: which are shown, and the values that are equal. See parity/report/packing.py.

class Columns {
  constructor(table) {
    this.table = table;
    this.rows = [...table.tBodies[0].rows]; // in the order of what there is more
    Object.assign(this, JSON.parse(table.dataset.more));
    this.differing = new Set(this.differ);
    this.usual = new Set(this.shown);
    this.visible = new Set(this.shown);
    this.identical = false;
    const heads = [...table.tHead.rows[0].cells].slice(Number(table.dataset.fixed));
    this.heads = new Map(this.shown.map((place, index) => [place, heads[index]]));
  }

  valueOf(place, row) {
    const column = this.columns[place];
    if (!column) return null;
    return Array.isArray(column) ? column[row] : column.v[column.i[row]];
  }

  show(wanted) {
    for (const place of this.names.keys()) {
      const on = wanted.has(place);
      if (on && !this.heads.has(place)) this.add(place);
      if (on !== this.visible.has(place)) this.hide(place, !on);
    }
    this.visible = wanted;
    this.table.dispatchEvent(new Event("columns"));
  }

  hide(place, hidden) {
    const head = this.heads.get(place);
    const index = head.cellIndex;
    head.hidden = hidden;
    for (const row of this.rows) row.cells[index].hidden = hidden;
  }

  add(place) {
    const after = [...this.heads.keys()].filter((other) => other > place).sort((a, b) => a - b)[0];
    const head = element("th", { scope: "col", textContent: this.names[place] });
    if (this.numeric[place] || this.differing.has(place)) head.className = "number";
    this.table.tHead.rows[0].insertBefore(head, this.heads.get(after) ?? null);
    sortable(head, this.table.tBodies[0]);
    this.heads.set(place, head);
    const index = head.cellIndex;
    this.rows.forEach((row, number) => {
      const value = this.valueOf(place, number);
      const cell = element("td");
      if (Array.isArray(value) && value.length > 2) differing(cell, value);
      else if (this.identical || !this.differing.has(place)) equal(cell, value, this.numeric[place]);
      else dot(cell);
      row.insertBefore(cell, row.cells[index] ?? null);
    });
  }

  // Values instead of dots in columns that differ in other rows, and the columns without a dot.
  showIdentical(on) {
    this.identical = on;
    for (const [place, head] of this.heads) {
      if (!this.differing.has(place) || !this.columns[place]) continue;
      this.rows.forEach((row, number) => {
        const value = this.valueOf(place, number);
        if (value === null || (Array.isArray(value) && value.length > 2)) return;
        const cell = row.cells[head.cellIndex];
        if (on) equal(cell, value, this.numeric[place]);
        else dot(cell);
      });
    }
    const wanted = new Set(this.visible);
    for (const place of this.names.keys()) {
      if (this.differing.has(place)) continue;
      if (on) wanted.add(place);
      else if (!this.usual.has(place)) wanted.delete(place);
    }
    this.show(wanted);
  }
}

function dot(cell) {
  cell.className = "same";
  cell.textContent = "·";
}

function equal(cell, value, numeric) {
  cell.className = value === 0 ? "null" : numeric ? "same number" : "same words";
  if (Array.isArray(value)) {
    cell.classList.add("pair");
    cell.title = "equal within tolerance";
    cell.replaceChildren(line("L", value[0]), line("C", value[1]));
  } else cell.textContent = value === 0 ? "NULL" : value;
}

function differing(cell, [legacy, candidate, delta, sort]) {
  cell.className = "pair";
  if (sort) cell.dataset.sort = sort;
  const last = element("b", {}, element("i", { textContent: "≠ Δ" }), delta);
  cell.replaceChildren(line("L", legacy), line("C", candidate), last);
}

function line(side, text) {
  return element("span", {}, element("i", { textContent: side }), text);
}

for (const table of document.querySelectorAll("table[data-more]")) chooser(new Columns(table));

function chooser(columns) {
  const tools = document.querySelector(`[data-filter="${columns.table.id}"]`);
  tools.previousElementSibling.matches(".table-note") && tools.previousElementSibling.remove();
  const summary = element("summary");
  const panel = element("div", { role: "group" });
  panel.setAttribute("aria-label", "Columns to show");
  const details = element("details", { className: "chooser" }, summary, panel);
  const identical = element("input", { type: "checkbox" });
  const boxes = [];
  const told = () => {
    summary.textContent = `Columns: ${columns.visible.size} of ${columns.names.length}`;
    boxes.forEach((box, place) => (box.checked = columns.visible.has(place)));
  };
  const show = (wanted) => {
    columns.show(wanted);
    told();
  };
  const build = () => {
    const list = element("ul");
    columns.names.forEach((name, place) => {
      const box = element("input", { type: "checkbox" });
      box.addEventListener("change", () => {
        const wanted = new Set(columns.visible);
        if (box.checked) wanted.add(place);
        else wanted.delete(place);
        show(wanted);
      });
      boxes.push(box);
      const differs = columns.differing.has(place) ? " ≠" : "";
      list.append(element("li", {}, element("label", {}, box, element("span", {}, name + differs))));
    });
    const button = (text, wanted) => {
      const made = element("button", { type: "button", className: "choose", textContent: text });
      made.addEventListener("click", () => show(wanted()));
      return made;
    };
    const bar = element("p", {}, button("All", () => new Set(columns.names.keys())));
    const usual = columns.usual.size === columns.differ.length ? "Only those that differ" : "As at first";
    bar.append(button(usual, () => new Set(columns.usual)));
    if (columns.names.length > 15) bar.append(finder(list));
    panel.append(bar, list);
    told();
  };
  details.addEventListener("toggle", () => details.open && !boxes.length && build());
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    summary.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  identical.addEventListener("change", () => {
    columns.showIdentical(identical.checked);
    told();
  });
  const status = tools.querySelector("output");
  status.before(details);
  const dots = columns.columns.some((column, place) => column && columns.usual.has(place));
  if (columns.differ.length && (dots || columns.differ.length < columns.names.length))
    status.before(element("label", {}, identical, "Show identical values"));
  told();
}

function finder(list) {
  const input = element("input", { type: "search", placeholder: "find a column" });
  input.setAttribute("aria-label", "Find a column");
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().trim();
    for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  });
  return input;
}

// The columns of the key stay in view while there is room for them beside the others.
function stick(table) {
  const heads = table.tHead.rows[0].cells;
  const room = table.closest(".scroll").clientWidth * 0.5;
  let [left, held] = [heads[0].offsetWidth, 1];
  while (held < Math.min(3, Number(table.dataset.keys)) && left + heads[held].offsetWidth <= room) {
    table.style.setProperty(held === 1 ? "--second" : "--third", `${left}px`);
    left += heads[held].offsetWidth;
    held += 1;
  }
  table.dataset.stuck = held;
}

for (const table of document.querySelectorAll("table[data-keys]")) {
  const resized = new ResizeObserver(() => stick(table));
  resized.observe(table.closest(".scroll"));
  for (const head of [...table.tHead.rows[0].cells].slice(0, 3)) resized.observe(head);
}

// A table that goes on to the right fades there, until it is at its end.
for (const one of document.querySelectorAll(".scroll")) {
  const told = () => one.classList.toggle("on-right", one.scrollLeft + one.clientWidth < one.scrollWidth - 2);
  one.addEventListener("scroll", told, { passive: true });
  const resized = new ResizeObserver(told);
  resized.observe(one);
  if (one.firstElementChild) resized.observe(one.firstElementChild);
}

// What matters is open on paper; what has only raw numbers stays folded.
const unfolded = [];
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll(".gate details, .reasons details, details.folded"))
    if (!one.open) {
      one.open = true;
      unfolded.push(one);
    }
});
addEventListener("afterprint", () => {
  for (const one of unfolded.splice(0)) one.open = false;
});

// Copying.

const said = element("p", { className: "said" });
said.setAttribute("role", "status");
document.body.append(said);
let silence = 0;

function say(text) {
  said.textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => (said.textContent = ""), 6000);
}

// A page that was opened from a file may not be allowed to write to the clipboard.
async function copy(text, button, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copiedByCommand(text, button)) return;
  }
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 2000);
  say(`Copied: ${what}`);
}

function copiedByCommand(text, button) {
  const area = element("textarea", { className: "by-hand", readOnly: true, value: text });
  area.setAttribute("aria-label", "The text to copy");
  (button.closest(".scroll")?.previousElementSibling ?? button.parentNode).append(area);
  area.select();
  const done = document.execCommand("copy");
  if (done) {
    area.remove();
    button.focus();
  } else {
    area.addEventListener("blur", () => area.remove());
    say("The browser does not let this page copy. The text is selected: copy it with Ctrl+C or ⌘C.");
  }
  return done;
}

function copyButton(says, label, text, what) {
  const button = element("button", { type: "button", className: "copy", title: label });
  button.dataset.says = says; // drawn by the style: no text of the cell, which is sorted and filtered
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => copy(text(), button, what));
  return button;
}

for (const table of document.querySelectorAll("table[data-sql]")) {
  const { heads, keys, rows } = JSON.parse(table.dataset.sql);
  [...table.tBodies[0].rows].forEach((row, number) => {
    const tests = rows[number];
    if (!tests) return;
    const key = [...row.cells].slice(0, tests.length).map((cell) => cell.textContent).join(" ");
    const half = (side) => heads[side] + keys[side].map((name, n) => `${name} ${tests[n]}`).join(" AND ");
    const text = () => `${half(0)}\nUNION ALL\n${half(1)};\n`;
    row.cells[0].append(copyButton("SQL", `Copy as SQL: ${key}`, text, `SQL that shows ${key} on both sides`));
  });
}

for (const one of document.querySelectorAll("[data-copy]")) {
  const text = () => one.dataset.copy || one.textContent.trim();
  one.after(copyButton("copy", "Copy this command", text, text()));
}
