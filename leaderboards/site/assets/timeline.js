// Draws one recording on a line of time: source above, one block per system below.
// All text is set with textContent: what a system said is never markup.
"use strict";

window.S2ST = window.S2ST || {};

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const GUTTER = 8;
  const ROW = 20;
  const MAX_ROWS = 6;

  function make(name, attributes = {}, text = undefined) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function svg(name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  function clock(seconds) {
    const tenths = Math.round(Math.max(0, seconds) * 10);
    return `${Math.floor(tenths / 600)}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
  }

  // The outline of a waveform, one character per bucket, mirrored about the middle of its lane.
  function wave(peaks, x, width, height) {
    const middle = height / 2;
    const step = width / peaks.length;
    const up = [];
    const down = [];
    for (let i = 0; i < peaks.length; i += 1) {
      const half = Math.max(0.5, (LEVELS.indexOf(peaks[i]) / 63) * middle);
      const at = (x + i * step).toFixed(1);
      up.push(`${at} ${(middle - half).toFixed(1)}`);
      down.push(`${at} ${(middle + half).toFixed(1)}`);
    }
    return `M${up.join("L")}L${down.reverse().join("L")}Z`;
  }

  // One path for all marks of a kind: thousands of elements would make a long recording slow.
  function paths(drawing, kinds) {
    for (const [kind, parts] of Object.entries(kinds)) {
      if (parts.length) drawing.append(svg("path", { class: kind, d: parts.join("") }));
    }
  }

  function lane(title, width, height, kind) {
    const row = make("div", { class: `lane ${kind}` });
    row.append(make("div", { class: "lane-title" }, title));
    const body = make("div", { class: "lane-body" });
    body.style.width = `${width}px`;
    body.style.height = `${height}px`;
    row.append(body);
    return { row, body };
  }

  function picture(body, width, height) {
    const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    body.append(drawing);
    return drawing;
  }

  // Measured without laying the page out, which thousands of words would make slow.
  const canvas = document.createElement("canvas").getContext("2d");

  function widthOf(text) {
    return canvas.measureText(text).width;
  }

  // Short texts at their times, in the first row where each fits; the rest are left to the table.
  function place(body, items, x) {
    const ends = [];
    const style = getComputedStyle(body);
    canvas.font = `${style.fontSize} ${style.fontFamily}`;
    let hidden = 0;
    for (const item of items) {
      const left = x(item.at);
      let row = ends.findIndex((end) => end <= left);
      if (row < 0) row = ends.length;
      if (row >= MAX_ROWS) {
        hidden += 1;
        continue;
      }
      const bit = make("bdi", { class: `bit ${item.kind || ""}`.trim() }, item.text);
      bit.style.left = `${left}px`;
      bit.style.top = `${row * ROW}px`;
      bit.dataset.at = item.at;
      if (item.title) bit.title = item.title;
      body.append(bit);
      ends[row] = left + Math.min(widthOf(item.text), 420) + 8;
    }
    body.style.height = `${Math.max(1, Math.min(ends.length, MAX_ROWS)) * ROW + 2}px`;
    return hidden;
  }

  // The text standing after each write: what a write appended, and what a later one took back.
  function history(events, time) {
    const pieces = [];
    events.forEach((event, index) => {
      let back = event[2];
      for (let i = pieces.length - 1; i >= 0 && back > 0; i -= 1) {
        const piece = pieces[i];
        if (piece.goneBy >= 0) continue;
        const characters = [...piece.text];
        if (characters.length <= back) {
          back -= characters.length;
          piece.goneBy = index;
          piece.goneAt = time(event);
        } else {
          const kept = characters.slice(0, characters.length - back).join("");
          const gone = characters.slice(characters.length - back).join("");
          pieces.splice(i + 1, 0, { ...piece, text: gone, goneBy: index, goneAt: time(event) });
          piece.text = kept;
          back = 0;
        }
      }
      if (event[3]) {
        pieces.push({ text: event[3], at: time(event), event: index, goneBy: -1, goneAt: Infinity });
      }
    });
    return pieces;
  }

  // What arrived at one moment and had one fate, as one text.
  function together(pieces) {
    const merged = [];
    for (const piece of pieces) {
      const last = merged[merged.length - 1];
      if (last && Math.abs(last.at - piece.at) < 0.02 && last.goneBy === piece.goneBy) {
        last.text += piece.text;
      } else {
        merged.push({ ...piece });
      }
    }
    return merged.filter((piece) => piece.text.trim());
  }

  // Places of time and lag in a word's entry, and the line's kind.
  function lagLines(trace, aware) {
    return [[0, 1, "thin"], ...(aware && trace.measured ? [[2, 3, "thick"]] : [])];
  }

  class Timeline {
    // perSecond: pixels of one second (or token).
    constructor(host, recording, perSecond, length) {
      this.host = host;
      this.perSecond = perSecond;
      this.width = Math.ceil(length * perSecond) + 2 * GUTTER + 60;
      this.length = length;
      this.recording = recording;
      host.replaceChildren();
      this.inner = make("div", { class: "lanes-inner" });
      this.inner.style.width = `${this.width}px`;
      host.append(this.inner);
      this.head = make("div", { class: "playhead", "aria-hidden": "true" });
      this.inner.append(this.head);
      this.axis();
      this.source();
    }

    x(seconds) {
      return GUTTER + seconds * this.perSecond;
    }

    axis() {
      const { row, body } = lane("", this.width, 18, "axis");
      const rough = 70 / this.perSecond;
      const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200].find((s) => s >= rough) || 3600;
      for (let at = 0; at <= this.length + 1e-6; at += step) {
        const mark = make("span", { class: "tick" }, !this.recording.spoken ? String(at) : this.length < 60 ? `${at}${at ? "" : " s"}` : clock(at).replace(/\.0$/, ""));
        mark.style.left = `${this.x(at)}px`;
        body.append(mark);
      }
      this.inner.append(row);
    }

    source() {
      const { recording } = this;
      if (recording.peaks) {
        const { row, body } = lane("source", this.width, 48, "source");
        const drawing = picture(body, this.width, 48);
        paths(drawing, { wave: [wave(recording.peaks, this.x(0), recording.seconds * this.perSecond, 48)] });
        this.inner.append(row);
      }
      const items = recording.words.length
        ? recording.words.map((word) => ({ at: word[1], text: word[0] }))
        : recording.segments.map((segment) => ({ at: segment.start, text: segment.transcript, kind: "whole" }));
      if (items.length) {
        const { row, body } = lane(recording.peaks ? "" : "source", this.width, ROW, "words");
        this.inner.append(row);
        place(body, items, (at) => this.x(at));
      }
    }

    // trace: what one system did; aware: as heard rather than by the source it had been given.
    system(name, trace, aware) {
      const time = (event) => (aware && event[1] !== null ? event[1] : event[0]);
      const block = make("div", { class: "system-block" });
      this.inner.append(block);
      const marks = lane(name, this.width, 22, "marks");
      block.append(marks.row);
      const drawing = picture(marks.body, this.width, 22);
      const at = (seconds) => this.x(seconds).toFixed(1);
      const kinds = { read: [], lag: [], write: [], "write back": [] };
      for (const given of trace.reads) kinds.read.push(`M${at(given)} 16v5`);
      for (const event of trace.events) {
        const to = time(event);
        if ((to - event[0]) * this.perSecond > 1) kinds.lag.push(`M${at(event[0])} 13H${at(to)}`);
        kinds[event[2] ? "write back" : "write"].push(`M${at(to)} 2v12`);
      }
      paths(drawing, kinds);
      const items = together(history(trace.events, time)).map((piece) => ({
        at: piece.at,
        text: piece.text.trim(),
        kind: piece.goneBy >= 0 ? "gone" : "",
        title: `${clock(piece.at)} ${piece.text.trim()}${piece.goneBy >= 0 ? `, taken back at ${clock(piece.goneAt)}` : ""}`,
      }));
      let hidden = 0;
      if (items.length) {
        const said = lane("text", this.width, ROW, "said");
        block.append(said.row);
        hidden = place(said.body, items, (at) => this.x(at));
      }
      const played = aware && trace.measured ? trace.aware : trace.unaware;
      if (played.length) {
        const spoken = lane("speech", this.width, 40, "speech");
        const voice = picture(spoken.body, this.width, 40);
        const sounds = { piece: [], wave: [] };
        for (const [start, end, peaks] of played) {
          const width = Math.max(1, (end - start) * this.perSecond);
          sounds.piece.push(`M${at(start)} 0h${width.toFixed(1)}v40h-${width.toFixed(1)}z`);
          if (peaks) sounds.wave.push(wave(peaks, this.x(start), width, 40));
        }
        paths(voice, sounds);
        block.append(spoken.row);
      }
      this.lag(block, trace, aware);
      if (hidden) {
        block.append(make("p", { class: "hidden-note" }, `${hidden} crowded texts are left out here; zoom in, or see the table below.`));
      }
    }

    // One scale for the lag of all systems: side by side, a higher line is a later word.
    scale(traces, aware) {
      const values = traces.flatMap((trace) => lagLines(trace, aware).flatMap(
        ([, behind]) => trace.lag.map((unit) => unit[behind])));
      this.lagTop = values.reduce((a, b) => Math.max(a, b), 0.5);
      this.lagBottom = values.reduce((a, b) => Math.min(a, b), 0);
    }

    // How far behind an even pace each word came; the thin line is the same without computation.
    lag(block, trace, aware) {
      const height = 40;
      if (trace.lag.length < 2) return;
      const lines = lagLines(trace, aware);
      const [top, bottom] = [this.lagTop, this.lagBottom];
      const y = (value) => (2 + (height - 4) * (top - value) / (top - bottom)).toFixed(1);
      const { row, body } = lane(`lag, up to ${top.toFixed(1)} s`, this.width, height, "lag-lane");
      const drawing = picture(body, this.width, height);
      const kinds = { zero: [`M${this.x(0)} ${y(0)}H${this.x(this.length)}`] };
      for (const [at, behind, kind] of lines) {
        const name = lines.length === 1 ? "thick" : kind;
        kinds[name] = ["M" + trace.lag.map((unit) => `${this.x(unit[at]).toFixed(1)} ${y(unit[behind])}`).join("L")];
      }
      paths(drawing, kinds);
      block.append(row);
    }

    move(seconds, follow) {
      const at = this.x(Math.min(seconds, this.length));
      this.head.style.transform = `translateX(${at}px)`;
      if (!follow) return;
      const view = this.host;
      if (at < view.scrollLeft + 40 || at > view.scrollLeft + view.clientWidth * 0.8) {
        view.scrollLeft = Math.max(0, at - view.clientWidth * 0.2);
      }
    }
  }

  Object.assign(window.S2ST, { Timeline, clock, history, make });
})();
