// The recording page: reads its data as script files named in the address, draws, plays.
// Address: recording.html#r=RECORDING&a=RUN&b=RUN
"use strict";

(() => {
  const { Timeline, Player, clock, history, make } = window.S2ST;
  const KEY = /^[a-z0-9-]{1,120}$/;
  const AT_LEAST = 90; // pixels a second of a short recording needs for its words
  const LONG_S = 40;
  const WIDEST = 150000; // pixels that browsers draw without trouble
  const byId = (id) => document.getElementById(id);
  const traces = new Map();
  let recording = null;
  let timeline = null;
  let captions = []; // every word or write with its time
  let changes = []; // when the look of one changes, in order
  let next = 0; // the first change still to come
  let told = Infinity; // the time that the captions show

  const player = new Player(onTime, onState);

  // --- data ------------------------------------------------------------------------------------

  let arrived = null;
  window.S2ST.recording = (data) => { arrived = data; };
  window.S2ST.trace = (data) => traces.set(`${data.recording} ${data.run}`, data);

  function read(name) {
    if (window.S2ST.held) return window.S2ST.held(name); // a board in one file
    return new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = `data/r/${name}.js`;
      element.onload = () => { element.remove(); resolve(); };
      element.onerror = () => { element.remove(); reject(new Error(`this board has no file ${element.getAttribute("src")}`)); };
      document.head.append(element);
    });
  }

  async function readTrace(run) {
    if (run && !traces.has(`${recording.key} ${run}`)) await read(`${recording.key}.${run}`);
  }

  function problem(text) {
    byId("problem").textContent = text;
    byId("problem").hidden = !text;
  }

  function address() {
    const values = new URLSearchParams(location.hash.slice(1));
    const key = (name) => (KEY.test(values.get(name) || "") ? values.get(name) : "");
    return { r: key("r"), a: key("a"), b: key("b") };
  }

  async function open() {
    player.pause();
    const wanted = address();
    if (!wanted.r) {
      problem("No recording is named in the address. Choose one from the board.");
      return;
    }
    try {
      if (!recording || recording.key !== wanted.r) {
        await read(wanted.r);
        if (address().r !== wanted.r) return; // the reader has moved on
        recording = arrived;
        traces.clear();
        player.seek(0);
        heading();
      }
      const known = recording.systems.map((system) => system.key);
      const first = recording.systems.find((system) => !system.note) || recording.systems[0];
      byId("system-a").value = known.includes(wanted.a) ? wanted.a : first ? first.key : "";
      byId("system-b").value = known.includes(wanted.b) ? wanted.b : "";
      await readTrace(byId("system-a").value);
      await readTrace(byId("system-b").value);
      problem("");
      byId("player").hidden = false;
      draw();
    } catch (error) {
      problem(`The recording cannot be shown: ${error.message}`);
    }
  }

  // --- page ------------------------------------------------------------------------------------

  const nameOf = (system) => (system.point ? `${system.name} ${system.point}` : system.name);

  function link(text, href) {
    return make("a", { href: window.S2ST.at ? window.S2ST.at(href) : href }, text);
  }

  function fact(name, value) {
    const span = make("span");
    span.append(make("span", { class: "k" }, name), " ", make("bdi", {}, value));
    return span;
  }

  function heading() {
    byId("name").replaceChildren(make("bdi", {}, recording.id));
    document.title = recording.id;
    const crumb = byId("crumb");
    crumb.replaceChildren("/ ", link(recording.corpus, `recordings/${recording.group}.html`),
      ` / ${recording.at} of ${recording.of} `);
    if (recording.previous) crumb.append(link("previous", `#r=${recording.previous}`), " ");
    if (recording.next) crumb.append(link("next", `#r=${recording.next}`));
    const facts = [fact("languages", `${recording.sourceLang} → ${recording.targetLang}`),
      fact("length", recording.spoken ? clock(recording.seconds) : `${recording.words.length} tokens`)];
    if (recording.cluster) facts.push(fact("cluster", recording.cluster));
    if (recording.licence) facts.push(fact("licence", recording.licence));
    if (!recording.audio && recording.spoken) {
      facts.push(make("span", { class: "note" }, recording.note || "this board holds no sound for this recording"));
    }
    byId("facts").replaceChildren(...facts.flatMap((element) => [element, " "]));
    for (const id of ["system-a", "system-b"]) {
      const options = recording.systems.map((system) => make("option", { value: system.key }, nameOf(system)));
      if (id === "system-b") options.unshift(make("option", { value: "" }, "nothing"));
      byId(id).replaceChildren(...options);
    }
  }

  function chosen() {
    return ["a", "b"].map((side) => {
      const key = byId(`system-${side}`).value;
      const system = recording.systems.find((candidate) => candidate.key === key);
      return system ? { side, system, trace: traces.get(`${recording.key} ${key}`) } : null;
    }).filter((one) => one && one.trace);
  }

  const asHeard = () => document.querySelector("input[name=times]:checked").value === "aware";

  function drawLanes() {
    const sides = chosen();
    const aware = asHeard();
    const ends = sides.flatMap(({ trace }) => [
      trace.length, ...trace.events.map((e) => (aware && e[1] !== null ? e[1] : e[0])),
      ...(aware && trace.measured ? trace.aware : trace.unaware).map((p) => p[1])]);
    const length = ends.reduce((most, end) => Math.max(most, end), Math.max(recording.seconds, 0.5)) + 0.3;
    player.length = length;
    const host = byId("lanes");
    const fit = (host.clientWidth - 90) / length;
    const least = length > LONG_S ? fit : Math.max(fit, AT_LEAST);
    const most = Math.max(least, Math.min(400, WIDEST / length));
    const perSecond = least * (most / least) ** Number(byId("zoom").value);
    timeline = new Timeline(host, recording, perSecond, length);
    timeline.scale(sides.map(({ trace }) => trace), aware);
    for (const { system, trace } of sides) timeline.system(nameOf(system), trace, aware);
    timeline.move(player.position, true);
    return sides;
  }

  function draw() {
    const sides = drawLanes();
    const aware = asHeard();
    byId("times").disabled = !sides.some(({ trace }) => trace.measured);
    byId("volume-b-label").hidden = sides.length < 2;
    player.load("source", recording.audio);
    player.load("a", sound(sides.find((one) => one.side === "a"), aware));
    player.load("b", sound(sides.find((one) => one.side === "b"), aware));
    byId("seek").max = player.length;
    byId("length").textContent = `of ${clock(player.length)}`;
    write(sides, aware);
    byId("events").replaceChildren();
    if (byId("as-table").open) table(sides);
    changes = captions.flatMap((caption) => [caption.at, caption.at + NEW_S, caption.goneAt, caption.goneAt + STRUCK_S]
      .filter(Number.isFinite).map((at) => ({ at, caption }))).sort((a, b) => a.at - b.at);
    told = Infinity;
    onTime(player.position);
  }

  // The listening file holds the speech as it was heard, so it is silent on the other timeline.
  function sound(one, aware) {
    return one && (aware || !one.trace.measured) ? one.trace.audio : "";
  }

  function write(sides, aware) {
    const box = byId("captions");
    box.replaceChildren();
    captions = [];
    const source = make("section", { class: "caption" });
    source.append(make("h2", {}, "Source"));
    const said = make("p", { lang: recording.sourceLang, dir: "auto", class: "text" });
    const spoken = recording.words.length
      ? recording.words.map((w) => ({ text: `${w[0]} `, at: w[1] }))
      : recording.segments.map((s) => ({ text: `${s.transcript} `, at: s.start }));
    said.append(...spoken.map((word) => {
      const element = make("span", {}, word.text);
      captions.push({ element, at: word.at, goneAt: Infinity });
      return element;
    }));
    source.append(said);
    const references = recording.segments.flatMap((segment) => segment.references.slice(0, 1));
    if (references.length) {
      source.append(make("h3", {}, "Reference"), make("p", { lang: recording.targetLang, dir: "auto", class: "text reference" }, references.join(" ")));
    }
    box.append(source);
    for (const { system, trace } of sides) {
      const part = make("section", { class: "caption" });
      const title = make("h2");
      title.append(make("bdi", {}, nameOf(system)), " ", link("run", `runs/${system.key}.html`));
      part.append(title);
      if (system.note) part.append(make("p", { class: "note" }, `Not ranked: ${system.note}.`));
      if (trace.error) {
        part.append(make("p", { class: "apart" }, `Failed (${trace.error.kind}): ${trace.error.message}`));
      }
      if (trace.cut) part.append(make("p", { class: "note" }, trace.cut));
      if (trace.note) part.append(make("p", { class: "note" }, trace.note));
      const text = make("p", { lang: recording.targetLang, dir: "auto", class: "text" });
      for (const piece of history(trace.events, (e) => (aware && e[1] !== null ? e[1] : e[0]))) {
        const element = make(piece.goneBy >= 0 ? "del" : "span", {}, piece.text);
        captions.push({ element, at: piece.at, goneAt: piece.goneAt });
        text.append(element);
      }
      if (!trace.events.length) text.append(make("span", { class: "note" }, trace.unaware.length ? "It spoke and wrote no text." : "It said nothing."));
      part.append(text);
      const scores = make("dl", { class: "scores" });
      const named = new Set(trace.scores.map(([metric]) => metric));
      for (const [metric, value] of trace.scores) {
        const other = aware ? named.has(`${metric}_CA`) : metric.endsWith("_CA");
        if (value === null || other || metric.endsWith("_pen")) continue;
        const pair = make("div");
        pair.append(make("dt", {}, metric), make("dd", {}, String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toFixed(2)))));
        scores.append(pair);
      }
      if (scores.children.length) part.append(scores);
      if (trace.unaware.length && !trace.audio) part.append(make("p", { class: "note" }, "This board holds no sound for this speech."));
      box.append(part);
    }
  }

  // Filled when it is opened: it has a row for every write.
  function table(sides) {
    const box = byId("events");
    box.replaceChildren();
    for (const { system, trace } of sides) {
      const grid = make("table", { class: "board list" });
      grid.append(make("caption", {}, nameOf(system)));
      const head = make("tr");
      for (const title of ["Source given", "Heard at", "Taken back", "Text"]) head.append(make("th", { scope: "col" }, title));
      const top = make("thead");
      top.append(head);
      const body = make("tbody");
      for (const [delay, live, back, text] of trace.events) {
        const row = make("tr");
        row.append(make("td", { class: "num" }, recording.spoken ? clock(delay) : String(delay)),
          make("td", { class: "num" }, live === null ? "–" : clock(live)),
          make("td", { class: "num" }, back ? String(back) : ""));
        const cell = make("td", { class: "words" });
        cell.append(make("bdi", {}, text));
        row.append(cell);
        body.append(row);
      }
      grid.append(top, body);
      box.append(grid);
    }
  }

  // --- time ------------------------------------------------------------------------------------

  function onTime(seconds) {
    if (!timeline) return;
    timeline.move(seconds, player.playing);
    byId("time").textContent = clock(seconds);
    byId("seek").value = seconds;
    const begun = player.playing || seconds > 0;
    byId("captions").classList.toggle("running", begun);
    const near = begun && seconds >= told && seconds - told < 5;
    if (!near) for (const caption of captions) tell(caption, begun ? seconds : -1);
    else {
      while (next < changes.length && changes[next].at <= seconds) tell(changes[next++].caption, seconds);
    }
    told = begun ? seconds : Infinity;
    if (!near) next = changes.findIndex((change) => change.at > seconds);
    if (next < 0) next = changes.length;
  }

  // ahead, new for a second, standing, and gone some time after it was taken back
  const NEW_S = 1;
  const STRUCK_S = 1.5;

  function tell({ element, at, goneAt }, seconds) {
    const state = seconds < 0 ? "" : at > seconds ? "ahead" : seconds >= goneAt + STRUCK_S ? "gone"
      : seconds >= goneAt ? "struck" : seconds < at + NEW_S ? "new" : "";
    if (element.dataset.state === state) return;
    element.dataset.state = state;
    if (state === "new" && player.playing) keepInView(element);
  }

  // Long texts scroll inside their own box, never the page.
  function keepInView(element) {
    const box = element.parentNode;
    const top = element.offsetTop;
    if (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 40) {
      box.scrollTop = top - box.clientHeight / 2;
    }
  }

  function onState(playing, trouble) {
    const button = byId("play");
    button.textContent = playing ? "Pause" : "Play";
    button.setAttribute("aria-pressed", String(playing));
    if (trouble) problem(`Not all sound can be heard: ${trouble}.`);
  }

  const toggle = () => (player.playing ? player.pause() : player.play());

  function mute(name) {
    const slider = byId(`volume-${name}`);
    if (Number(slider.value) > 0) {
      slider.dataset.before = slider.value;
      slider.value = 0;
    } else {
      slider.value = slider.dataset.before || 1;
    }
    player.volume(name, Number(slider.value));
  }

  function go(changes) {
    const next = { ...address(), ...changes };
    const values = new URLSearchParams();
    const page = new URLSearchParams(location.hash.slice(1)).get("page");
    if (page) values.set("page", page);
    for (const [name, value] of Object.entries(next)) if (value) values.set(name, value);
    location.hash = values.toString();
  }

  byId("play").addEventListener("click", toggle);
  byId("seek").addEventListener("input", (event) => player.seek(Number(event.target.value)));
  for (const name of ["source", "a", "b"]) {
    const slider = byId(`volume-${name}`);
    player.volume(name, Number(slider.value));
    slider.addEventListener("input", () => player.volume(name, Number(slider.value)));
  }
  byId("system-a").addEventListener("change", (event) => go({ a: event.target.value }));
  byId("system-b").addEventListener("change", (event) => go({ b: event.target.value }));
  byId("as-table").addEventListener("toggle", (event) => event.target.open && table(chosen()));
  byId("zoom").addEventListener("input", () => recording && drawLanes());
  byId("times").addEventListener("change", () => recording && draw());
  byId("lanes").addEventListener("click", (event) => {
    const box = timeline.inner.getBoundingClientRect();
    player.seek((event.clientX - box.left - timeline.x(0)) / timeline.perSecond);
  });
  let resizing = 0;
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(resizing);
    resizing = setTimeout(() => recording && draw(), 150);
  });
  window.addEventListener("hashchange", open);
  document.addEventListener("keydown", (event) => {
    if (!recording || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, summary, a, textarea")) return;
    const actions = {
      " ": toggle,
      ArrowRight: () => player.seek(player.position + 2),
      ArrowLeft: () => player.seek(player.position - 2),
      Home: () => player.seek(0),
      s: () => mute("source"),
      i: () => mute("a"),
      u: () => {
        const other = document.querySelector("input[name=times]:not(:checked)");
        if (!byId("times").disabled) { other.checked = true; draw(); }
      },
      "[": () => recording.previous && go({ r: recording.previous }),
      "]": () => recording.next && go({ r: recording.next }),
    };
    const action = actions[event.key];
    if (!action || (event.key === " " && event.target.closest("button"))) return;
    event.preventDefault();
    action();
  });

  open();
})();
