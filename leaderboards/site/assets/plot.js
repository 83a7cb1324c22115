// Zoom of the quality–latency plots: drag, buttons or keys.  Marks and letters keep their size;
// only places move, and the axes get ticks of their own.
"use strict";

(() => {
  const NS = "http://www.w3.org/2000/svg";
  const STEP = 1.6;
  const MOST = 200; // times
  const all = (selector, root) => [...root.querySelectorAll(selector)];
  const PLACES = { x: 0, x1: 0, x2: 0, cx: 0, y: 1, y1: 1, y2: 1, cy: 1 };

  function svg(name, attributes, text) {
    const element = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function ticks(low, high) {
    const rough = (high - low) / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * (1 - 1e-9));
    const digits = Math.max(0, (Math.abs(step / power - 2.5) < 1e-6 ? 1 : 0) - Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
      found.push([i * step, (i * step).toFixed(digits).replace("-", "−")]);
    }
    return found;
  }

  class Zoom {
    constructor(figure) {
      this.figure = figure;
      this.plot = figure.querySelector("svg.whole");
      this.inside = figure.querySelector("svg.inside");
      // [low, high, place of low, place of high] of each axis
      this.axes = [this.plot.dataset.x, this.plot.dataset.y].map((text) => text.split(" ").map(Number));
      // the window in places of the whole drawing: [[left, right], [top, bottom]]
      this.whole = this.axes.map((axis) => [Math.min(axis[2], axis[3]), Math.max(axis[2], axis[3])]);
      this.window = this.whole;
      this.kept = all("line, circle.ghost, circle.target, polyline, polygon, text.name", this.inside)
        .map((element) => [element, Object.fromEntries([...Object.keys(PLACES), "points"]
          .filter((key) => element.hasAttribute(key)).map((key) => [key, element.getAttribute(key)]))]);
      this.shapes = all(".point", this.inside).map((point) => {
        const target = point.querySelector(".target");
        return [point.lastElementChild, ["cx", "cy"].map((key) => Number(target.getAttribute(key)))];
      });
      this.lines = all(".offline", this.plot).map((group) => [group, Number(group.querySelector("line").getAttribute("y1"))]);
      this.ticks = ["ticks-x", "ticks-y"].map((name) => {
        const group = this.plot.querySelector(`.${name}`);
        return [group, [...group.childNodes]];
      });
      const tools = figure.querySelector(".zoom");
      tools.hidden = false;
      this.buttons = Object.fromEntries(all("button", tools).map((button) => [button.dataset.zoom, button]));
      for (const [name, button] of Object.entries(this.buttons)) button.addEventListener("click", () => this.act(name));
      this.plot.addEventListener("keydown", (event) => {
        const name = { "+": "in", "=": "in", "-": "out", "0": "reset" }[event.key];
        if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        const target = event.target.closest(".point");
        const shape = target && this.shapes.find(([element]) => element === target.lastElementChild);
        this.act(name, shape ? shape[1] : null);
      });
      this.plot.addEventListener("pointerdown", (event) => this.drag(event));
    }

    // Where a place of the whole drawing is drawn now.
    place(axis, value) {
      const [from, to] = this.window[axis];
      const [start, stop] = this.whole[axis];
      return start + ((value - from) / (to - from)) * (stop - start);
    }

    act(name, about = null) {
      if (name === "reset") {
        this.show(this.whole);
        return;
      }
      const factor = name === "in" ? 1 / STEP : STEP;
      this.show(this.window.map(([from, to], axis) => {
        const middle = about ? about[axis] : (from + to) / 2;
        const share = about ? (middle - from) / (to - from) : 0.5;
        const length = (to - from) * factor;
        return [middle - share * length, middle + (1 - share) * length];
      }));
    }

    show(wanted) {
      this.window = wanted.map(([from, to], axis) => {
        const [start, stop] = this.whole[axis];
        const length = Math.min(stop - start, Math.max(to - from, (stop - start) / MOST));
        const begin = Math.min(Math.max(from, start), stop - length);
        return [begin, begin + length];
      });
      const zoomed = this.window.some(([from, to], axis) => to - from < this.whole[axis][1] - this.whole[axis][0] - 1e-6);
      this.figure.classList.toggle("zoomed", zoomed);
      this.buttons.out.disabled = this.buttons.reset.disabled = !zoomed;
      this.draw(zoomed);
    }

    draw(zoomed) {
      for (const [element, kept] of this.kept) {
        for (const [key, text] of Object.entries(kept)) {
          if (key === "points") {
            element.setAttribute(key, text.split(" ").map((pair) => pair.split(",")
              .map((value, axis) => this.place(axis, Number(value)).toFixed(2)).join(",")).join(" "));
          } else {
            const aside = element.classList.contains("name") ? { x: 10, y: 4 }[key] : 0;
            element.setAttribute(key, zoomed ? (this.place(PLACES[key], Number(text) - aside) + aside).toFixed(2) : text);
          }
        }
      }
      for (const [shape, at] of this.shapes) {
        if (zoomed) shape.setAttribute("transform", `translate(${at.map((value, axis) => (this.place(axis, value) - value).toFixed(2)).join(" ")})`);
        else shape.removeAttribute("transform");
        const away = at.some((value, axis) => value < this.window[axis][0] || value > this.window[axis][1]);
        shape.closest(".point").classList.toggle("beyond", zoomed && away);
      }
      for (const [group, y] of this.lines) {
        const inside = y >= this.window[1][0] && y <= this.window[1][1];
        group.classList.toggle("beyond", zoomed && !inside);
        if (zoomed && inside) group.setAttribute("transform", `translate(0 ${(this.place(1, y) - y).toFixed(2)})`);
        else group.removeAttribute("transform");
        const band = group.querySelector("rect");
        if (band) band.classList.toggle("beyond", zoomed);
      }
      this.ticks.forEach(([group, kept], axis) => group.replaceChildren(...(zoomed ? this.marks(axis) : kept)));
    }

    marks(axis) {
      const [low, high, start, stop] = this.axes[axis];
      const value = (place) => low + ((place - start) / (stop - start)) * (high - low);
      const ends = this.window[axis].map(value).sort((a, b) => a - b);
      const [[left, right], [, floor]] = this.whole;
      return ticks(...ends).flatMap(([number, text]) => {
        const at = this.place(axis, start + ((number - low) / (high - low)) * (stop - start)).toFixed(2);
        return axis
          ? [svg("line", { x1: left, x2: right, y1: at, y2: at }),
            svg("text", { x: left - 8, y: Number(at) + 4, "text-anchor": "end" }, text)]
          : [svg("line", { class: "tick", x1: at, x2: at, y1: floor, y2: floor + 5 }),
            svg("text", { x: at, y: floor + 20, "text-anchor": "middle" }, text)];
      });
    }

    // A rectangle drawn with the mouse becomes the window; a finger scrolls the page.
    drag(event) {
      if (event.button !== 0 || event.pointerType === "touch") return;
      const where = (moved) => {
        const point = new DOMPoint(moved.clientX, moved.clientY).matrixTransform(this.plot.getScreenCTM().inverse());
        return [point.x, point.y].map((value, axis) => Math.min(Math.max(value, this.whole[axis][0]), this.whole[axis][1]));
      };
      const from = where(event);
      const area = svg("rect", { class: "chosen-area" });
      event.preventDefault();
      const move = (moved) => {
        const to = where(moved);
        const [x, y] = from.map((value, axis) => Math.min(value, to[axis]));
        for (const [key, value] of Object.entries({ x, y, width: Math.abs(to[0] - from[0]), height: Math.abs(to[1] - from[1]) })) area.setAttribute(key, value);
        this.plot.append(area);
      };
      const end = (moved) => {
        window.removeEventListener("pointermove", move);
        window.removeEventListener("pointerup", end);
        window.removeEventListener("pointercancel", end);
        area.remove();
        const to = where(moved);
        if (moved.type !== "pointerup" || from.some((value, axis) => Math.abs(value - to[axis]) < 8)) return;
        this.show(this.window.map(([start, stop], axis) => {
          const [first, last] = this.whole[axis];
          return [from[axis], to[axis]].sort((a, b) => a - b)
            .map((value) => start + ((value - first) / (last - first)) * (stop - start));
        }));
      };
      window.addEventListener("pointermove", move);
      window.addEventListener("pointerup", end);
      window.addEventListener("pointercancel", end);
    }
  }

  for (const figure of all("figure.plot", document)) new Zoom(figure);
})();
