// Wires the page: controls, one session at a time, captions, voice and meters.

import { Captions } from "./captions.js";
import { clock, Meter } from "./meters.js";
import { Session } from "./session.js";
import { Microphone, pcm16, Recording } from "./sources.js";
import { Voice } from "./voice.js";

const at = (id) => document.getElementById(id);
const chosen = () => document.querySelector("input[name=input]:checked").value;
const meters = Object.fromEntries([...document.querySelectorAll("[data-meter]")]
  .map((row) => [row.dataset.meter, new Meter(row)]));
const captions = new Captions(at("captions"), at("settled"), at("fresh"), at("gone"), at("empty"));
const TICK_MS = 100;

let info = null;
let run = null;

const token = new URLSearchParams(location.search).get("token");
if (token) history.replaceState(null, "", location.pathname);
const query = token ? `?token=${encodeURIComponent(token)}` : "";

function state(name, text) {
  document.body.dataset.state = name;
  at("status").textContent = text;
  at("go").textContent = { running: "Stop", finishing: "Stop now" }[name] ?? "Start";
  at("go").disabled = name === "starting" || !info;
  for (const id of ["source-lang", "target-lang", "inputs", "file", "original", "speak"]) {
    at(id).disabled = name !== "idle";
  }
}

function problem(text) {
  at("problem").textContent = text ?? "";
  at("problem").hidden = !text;
}

// --- choices ---------------------------------------------------------------------------------

const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

function named(code) {
  try {
    return names.of(code.replace("_", "-"));
  } catch {
    return code;
  }
}

function fill(select, codes, wanted) {
  const kept = codes.includes(wanted) ? wanted : codes[0];
  select.replaceChildren(...codes.map((code) => new Option(named(code), code, false, code === kept)));
}

function fillTargets(wanted) {
  const source = at("source-lang").value;
  fill(at("target-lang"), info.pairs.filter(([from]) => from === source).map(([, to]) => to), wanted);
}

function showInputs() {
  const isFile = chosen() === "file";
  at("file-row").hidden = at("original-row").hidden = !isFile;
}

async function begin() {
  const answer = await fetch(`info${query}`);
  if (!answer.ok) throw new Error(await answer.text());
  info = await answer.json();
  if (!info.pairs.length) {
    throw new Error("the system takes none of the languages offered here: start the service with "
      + "source_lang=… target_lang=…");
  }
  at("system").textContent = `· ${info.system}`;
  document.title = `${info.system} · live interpretation`;
  fill(at("source-lang"), [...new Set(info.pairs.map(([from]) => from))], info.source_lang);
  fillTargets(info.target_lang);
  at("speak-row").hidden = !info.outputs.includes("speech");
  at("speak").checked = !info.outputs.includes("text");
  showInputs();
  state("idle", "Ready");
}

// --- one session -----------------------------------------------------------------------------

class Run {
  constructor() {
    this.context = new AudioContext();
    this.voice = new Voice(this.context);
    this.sent = 0;
    this.worked = 0;
    this.lastText = 0;
    this.loudness = 0;
    this.isEnding = false;
  }

  async start() {
    this.source = chosen() === "file"
      ? new Recording(at("file").files[0], at("original").checked, () => this.end())
      : new Microphone();
    await this.context.resume();
    await this.source.open(this.context, (block) => this.give(block));
    const settings = {
      sample_rate: this.source.rate,
      source_lang: at("source-lang").value,
      target_lang: at("target-lang").value,
      speech: at("speak").checked ? "pcm_s16le" : null,
    };
    const address = new URL(query || "./", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    captions.clear(settings.target_lang);
    this.session = new Session(address.href, settings, info.message_bytes, {
      text: (message) => this.hear(message),
      speech: (header, samples) => this.speak(header, samples),
      end: () => this.stop("Done"),
      error: (text) => { problem(text); this.stop("Stopped"); },
    });
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.source.start();
    state("running", chosen() === "file" ? "Playing" : "Listening");
  }

  give(block) {
    if (this.isEnding || !this.session?.isOpen) return;
    this.session.send(pcm16(block));
    this.sent += block.length / this.source.rate;
    this.loudness = Math.sqrt(block.reduce((sum, x) => sum + x * x, 0) / block.length);
  }

  hear(message) {
    this.worked = Math.max(this.worked, message.source_s ?? 0);
    if (message.new) this.lastText = message.source_s;
    captions.show(message.new, message.deleted);
  }

  speak(header, samples) {
    if (header.cancel) this.voice.cancel();
    if (samples.length) this.voice.say(samples, header.sample_rate);
  }

  tick() {
    meters.behind.show(Math.max(0, this.sent - this.worked));
    meters.silent.show(Math.max(0, this.sent - this.lastText));
    meters.waiting.show(this.voice.waiting);
    meters.sent.show(Math.min(1, 4 * this.loudness), clock(this.sent));
    if (this.session.isOver && !this.voice.waiting) this.rest();
  }

  /** No more audio: the rest of the translation is still to come. */
  end() {
    if (this.isEnding) return;
    this.isEnding = true;
    this.loudness = 0;
    this.source.close();
    if (this.session.isOpen) {
      this.session.end();
      state("finishing", "Finishing …");
    } else {
      this.stop("Stopped");
    }
  }

  /** All is said, or nothing more can be. */
  stop(text) {
    this.isEnding = true;
    this.loudness = 0;
    this.source.close();
    this.session.close();
    if (run === this) run = null;
    state("idle", text);
  }

  /** Nothing is left to play either. */
  rest() {
    clearInterval(this.timer);
    meters.waiting.show(0);
    this.context.close();
  }

  cancel() {
    this.voice.cancel();
    this.stop("Stopped");
  }
}

let speaking = null;

async function go() {
  problem(null);
  if (run) {
    if (run.isEnding) run.cancel();
    else run.end();
    return;
  }
  if (chosen() === "file" && !at("file").files.length) {
    problem("Choose a recording first.");
    at("file").focus();
    return;
  }
  speaking?.voice.cancel();
  for (const meter of Object.values(meters)) meter.clear();
  state("starting", "Starting …");
  const next = new Run();
  try {
    await next.start();
    run = speaking = next;
  } catch (error) {
    next.source.close();
    next.context.close();
    problem(error.name === "NotAllowedError"
      ? "The microphone was not allowed: allow it for this page, or choose a file." : error.message);
    state("idle", "Ready");
  }
}

at("controls").addEventListener("submit", (event) => { event.preventDefault(); go(); });
at("source-lang").addEventListener("change", () => fillTargets(at("target-lang").value));
for (const input of document.querySelectorAll("input[name=input]")) {
  input.addEventListener("change", showInputs);
}
state("starting", "Connecting …");
begin().catch((error) => { problem(error.message); at("status").textContent = "Not available"; });
