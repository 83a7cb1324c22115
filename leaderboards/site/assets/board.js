// The tables' behaviour: switch the latency, filter, sort, explain.  Without it everything is
// still there, both latencies one below the other.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  document.documentElement.classList.add("scripted");

  // --- unaware or aware, filters, columns; all of it stands in the address ---------------------

  const filters = document.getElementById("filters");
  const state = new URLSearchParams();

  // A row, group or point has its facts in data-…; a filter that it does not state shows it.
  function fits(data, chosen) {
    const has = (text, value) => (text || "").split(" ").includes(value);
    return (!chosen.regime || data.regime === undefined || data.regime === chosen.regime || has(data.marks, "control")) &&
      (!chosen.output || data.output === undefined || has(data.output, chosen.output)) &&
      (!chosen.licence || data.licence === undefined || data.licence === chosen.licence) &&
      (!chosen.pair || data.pair === undefined || data.pair === chosen.pair) &&
      (!chosen.corpus || data.corpus === undefined || data.corpus === chosen.corpus) &&
      (!chosen.data || data.data === undefined || data.data === chosen.data) &&
      !chosen.hide.some((mark) => has(data.marks, mark));
  }

  // A family's name stands at its last point that is shown.
  function nameLast(family, point) {
    const name = family.querySelector(".name");
    if (!name || !point) return;
    name.dataset.x = name.dataset.x || name.getAttribute("x");
    name.dataset.y = name.dataset.y || name.getAttribute("y");
    const target = point.querySelector(".target");
    const moved = family.classList.contains("thinned");
    name.setAttribute("x", moved ? Number(target.getAttribute("cx")) + 10 : name.dataset.x);
    name.setAttribute("y", moved ? Number(target.getAttribute("cy")) + 4 : name.dataset.y);
  }

  function applyFilters() {
    const form = new FormData(filters);
    const chosen = { ...Object.fromEntries(form), hide: form.getAll("hide") };
    document.documentElement.dataset.view = chosen.view;
    let groups = 0;
    let systems = 0;
    let among = 0;
    const counted = chosen.view === "both" ? "unaware" : chosen.view;
    for (const group of all("section.group")) {
      const [plain, paired] = ["unaware", "aware"].map((view) => all(`.view[data-view=${view}] figure.plot`, group).length);
      group.classList.toggle("paired", plain === paired); // then the aware plots show both
      const wanted = fits(group.dataset, chosen);
      let left = 0;
      for (const view of all(".view", group)) {
        const counts = view.dataset.view === counted;
        for (const part of all(".part", view)) {
          const seen = new Set();
          let ranked = 0;
          for (const row of all("tr[data-output]", part)) {
            const shown = wanted && fits(row.dataset, chosen);
            row.hidden = !shown;
            if (shown) seen.add(row.dataset.entry);
            const system = row.dataset.tier < 2; // neither an anchor nor published
            if (shown && system) ranked += 1;
            if (counts && system) among += 1;
          }
          for (const point of all(".point[data-entry]", part)) point.classList.toggle("away", !seen.has(point.dataset.entry));
          for (const family of all(".family", part)) {
            const points = all(".point", family);
            family.classList.toggle("away", points.every((point) => point.classList.contains("away")));
            family.classList.toggle("thinned", points.some((point) => point.classList.contains("away")));
            nameLast(family, points.filter((point) => !point.classList.contains("away")).pop());
          }
          const plot = part.querySelector("figure.plot");
          if (plot) plot.classList.toggle("thinned", plot.querySelector(".point.away") !== null);
          // Controls alone say nothing: a part without a system goes as a whole.
          part.hidden = ranked === 0 && part.querySelector("tr[data-tier='0'], tr[data-tier='1']") !== null;
          if (counts) {
            left += part.hidden ? 0 : 1;
            systems += ranked;
          }
        }
      }
      group.hidden = left === 0;
      groups += group.hidden ? 0 : 1;
    }
    const said = document.getElementById("nothing");
    const narrowed = systems < among;
    said.hidden = !narrowed;
    said.textContent = groups ? `${systems} of ${among} systems in ${groups} ${groups === 1 ? "test set" : "test sets"}.`
      : "No test set fits these filters.";
  }

  function columnsShown() {
    return state.get("columns") === "all";
  }

  function applyColumns() {
    document.documentElement.classList.toggle("all-columns", columnsShown());
    for (const button of all("button.columns")) {
      button.hidden = false;
      button.dataset.text = button.dataset.text || button.textContent;
      button.textContent = columnsShown() ? "Fewer columns" : button.dataset.text;
      button.setAttribute("aria-pressed", String(columnsShown()));
    }
  }

  function readAddress() {
    for (const name of [...state.keys()]) state.delete(name);
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) state.append(name, value);
    for (const field of filters.elements) {
      if (field.type === "radio") field.checked = field.value === (state.get(field.name) || filters.dataset.view);
      else if (field.type === "checkbox") field.checked = state.getAll(field.name).includes(field.value);
      else if (field.tagName === "SELECT") {
        const wanted = state.get(field.name) || "";
        field.value = [...field.options].some((option) => option.value === wanted) ? wanted : "";
      }
    }
    if (!filters.querySelector("input[name=view]:checked")) filters.querySelector(`input[value=${filters.dataset.view}]`).checked = true;
    applyFilters();
    applyColumns();
  }

  function writeAddress() {
    const form = new FormData(filters);
    const next = new URLSearchParams();
    for (const [name, value] of form) {
      if (value && !(name === "view" && value === filters.dataset.view)) next.append(name, value);
    }
    if (columnsShown()) next.set("columns", "all");
    const text = next.toString();
    if (text !== location.hash.slice(1)) history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  }

  if (filters) {
    filters.hidden = false;
    filters.addEventListener("change", () => { applyFilters(); writeAddress(); });
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("reset", () => setTimeout(() => { applyFilters(); writeAddress(); }));
    for (const button of all("button.columns")) {
      button.addEventListener("click", () => {
        state.set("columns", columnsShown() ? "" : "all");
        applyColumns();
        writeAddress();
      });
    }
    window.addEventListener("hashchange", () => { if (!document.getElementById(location.hash.slice(1))) readAddress(); });
    readAddress();
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
  for (const plot of all(":is(.plot, .load) > svg.whole")) {
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
