// The tables' behaviour: switch the latency, filter, sort, explain.  Without it everything is
// still there, both latencies one below the other.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- unaware or aware, and the filters -----------------------------------------------------

  const filters = document.getElementById("filters");

  function applyFilters() {
    const chosen = Object.fromEntries(new FormData(filters));
    document.documentElement.dataset.view = chosen.view;
    let shown = 0;
    for (const group of all("section.group")) {
      group.hidden = Boolean(
        (chosen.pair && group.dataset.pair !== chosen.pair) ||
        (chosen.corpus && group.dataset.corpus !== chosen.corpus));
      for (const row of all("tr[data-output]", group)) {
        row.hidden = Boolean(chosen.output) && !row.dataset.output.split(" ").includes(chosen.output);
      }
      shown += group.hidden ? 0 : 1;
    }
    document.getElementById("nothing").hidden = shown > 0;
  }

  if (filters) {
    filters.hidden = false;
    filters.addEventListener("change", applyFilters);
    filters.addEventListener("submit", (event) => event.preventDefault());
    applyFilters();
  }

  // --- sorting: ranked systems stay above unranked ones, unranked ones above controls ----------

  function sortBy(button) {
    const head = button.closest("th");
    const table = head.closest("table");
    const at = [...head.parentNode.children].indexOf(head);
    const natural = button.dataset.sort === "down" ? "descending" : "ascending";
    const other = natural === "descending" ? "ascending" : "descending";
    const way = head.getAttribute("aria-sort") === natural ? other : natural;
    for (const th of all("th[aria-sort]", table)) th.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way);
    const sign = way === "descending" ? -1 : 1;
    const textual = button.dataset.sort === "text";
    const key = (row) => {
      const cell = row.children[at];
      if (textual) return cell.textContent.trim();
      const value = cell.dataset.v;
      return value === undefined || value === "" ? null : Number(value);
    };
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, place) => ({ row, place, value: key(row) }));
    rows.sort((a, b) => {
      const tier = a.row.dataset.tier - b.row.dataset.tier;
      if (tier) return tier;
      if (a.value === null || b.value === null) {
        return (a.value === null) - (b.value === null) || a.place - b.place;
      }
      const order = textual
        ? a.value.localeCompare(b.value, undefined, { numeric: true })
        : a.value - b.value;
      return sign * order || a.place - b.place;
    });
    body.append(...rows.map((item) => item.row));
  }

  for (const button of all("button[data-sort]")) {
    button.addEventListener("click", () => sortBy(button));
  }

  // --- explanations: on hover, on focus, on touch ----------------------------------------------

  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  let explained = null;

  function explain(target) {
    if (explained) explained.removeAttribute("aria-describedby");
    explained = target;
    if (!target) {
      tip.hidden = true;
      return;
    }
    const cell = target.closest("td.num");
    let text = target.dataset.tip;
    if (cell) {
      const head = cell.closest("table").tHead.rows[0].children[cell.cellIndex];
      if (head.dataset.signature) text += "\n" + head.dataset.signature;
    }
    tip.textContent = text;
    tip.hidden = false;
    target.setAttribute("aria-describedby", "tip");
    const box = target.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const below = box.bottom + own.height + 12 < window.innerHeight;
    const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - own.width - 8));
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${(below ? box.bottom + 6 : box.top - own.height - 6) + window.scrollY}px`;
  }

  const explainable = (event) => event.target.closest && event.target.closest("[data-tip]");
  // A page that scrolls under a resting pointer (as keyboard focus makes it) is not a hover.
  let pointer = "";
  document.addEventListener("mousemove", (event) => {
    const at = `${event.screenX} ${event.screenY}`;
    const target = explainable(event);
    if (at !== pointer && target !== explained) explain(target);
    pointer = at;
  });
  document.addEventListener("focusin", (event) => explain(explainable(event)));
  document.addEventListener("focusout", () => explain(null));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") explain(null);
  });

  // One stop of the tab key per table body and per plot; arrow keys go on from there.
  for (const table of all("table.board")) {
    const cells = () => all("tbody td[data-tip]", table).filter((cell) => cell.offsetParent);
    for (const cell of all("tbody td[data-tip]", table)) cell.tabIndex = -1;
    const first = table.querySelector("tbody td.num[data-tip]");
    if (first) first.tabIndex = 0;
    table.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td[data-tip]");
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!cell || !step) return;
      const among = cells();
      const next = step[1]
        ? among[among.indexOf(cell) + step[1]]
        : among.filter((c) => c.cellIndex === cell.cellIndex)
            .find((c, i, column) => column[i - step[0]] === cell);
      if (!next) return;
      event.preventDefault();
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }
  for (const plot of all("figure.plot svg")) {
    const points = all("[data-tip]", plot);
    points.forEach((point, index) => point.setAttribute("tabindex", index ? "-1" : "0"));
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = step && points[points.indexOf(event.target) + step];
      if (!next) return;
      event.preventDefault();
      event.target.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  }
})();
