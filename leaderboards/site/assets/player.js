// One clock for several audio elements: source and interpretations start at source time 0 and are
// kept together.  Without any audio the clock still runs, so that text can be followed.
"use strict";

window.S2ST = window.S2ST || {};

window.S2ST.Player = class Player {
  constructor(onTime, onState) {
    this.onTime = onTime;
    this.onState = onState;
    this.tracks = new Map();
    this.volumes = new Map();
    this.length = 0;
    this.playing = false;
    this.position = 0;
    this.anchor = 0;
    this.frame = this.frame.bind(this);
  }

  // Put the file at url on a named track; an empty url takes the track away.
  load(name, url) {
    const old = this.tracks.get(name);
    if (old && old.dataset.url === url) return;
    if (old) {
      old.pause();
      old.onerror = null;
      old.removeAttribute("src");
      old.load();
      this.tracks.delete(name);
    }
    if (!url) return;
    const audio = new Audio();
    audio.preload = "auto";
    audio.dataset.url = url;
    audio.src = window.S2ST.file ? window.S2ST.file(url) : url; // a board in one file holds its sound
    audio.onerror = () => this.onState(this.playing, `this browser cannot play ${url}`);
    audio.volume = this.volumes.get(name) ?? 1;
    this.tracks.set(name, audio);
    if (this.playing) this.start(audio);
  }

  volume(name, value) {
    this.volumes.set(name, value);
    const audio = this.tracks.get(name);
    if (audio) audio.volume = value;
  }

  has(name) {
    return this.tracks.has(name);
  }

  start(audio) {
    if (Number.isFinite(audio.duration) && this.position >= audio.duration) return;
    audio.currentTime = this.position;
    // A browser may refuse to play before the reader has touched the page: the clock runs on.
    // What is taken away or paused while it starts is no trouble.
    audio.play().catch((error) => {
      if (error.name !== "AbortError") this.onState(this.playing, error.message);
    });
  }

  play() {
    if (this.playing) return;
    if (this.position >= this.length - 0.05) this.position = 0;
    this.playing = true;
    this.anchor = performance.now() - this.position * 1000;
    for (const audio of this.tracks.values()) this.start(audio);
    this.onState(true, "");
    requestAnimationFrame(this.frame);
  }

  pause() {
    this.playing = false;
    for (const audio of this.tracks.values()) audio.pause();
    this.onState(false, "");
    this.onTime(this.position);
  }

  seek(seconds) {
    this.position = Math.max(0, Math.min(this.length, seconds));
    this.anchor = performance.now() - this.position * 1000;
    for (const audio of this.tracks.values()) {
      if (this.playing) this.start(audio);
    }
    this.onTime(this.position);
  }

  // The sounding element furthest from its end keeps the time; the others follow it.
  leader() {
    let best = null;
    for (const audio of this.tracks.values()) {
      const sounds = !audio.paused && !audio.ended && !audio.seeking && audio.readyState >= 3;
      if (sounds && (!best || audio.duration > best.duration)) best = audio;
    }
    return best;
  }

  frame(now) {
    if (!this.playing) return;
    const leader = this.leader();
    if (leader) {
      this.position = leader.currentTime;
      this.anchor = now - this.position * 1000;
    } else {
      // A frame's time may lie a little before the press that asked for it.
      this.position = Math.max(0, (now - this.anchor) / 1000);
    }
    for (const audio of this.tracks.values()) {
      const follows = audio !== leader && !audio.paused && !audio.ended && !audio.seeking;
      if (follows && Math.abs(audio.currentTime - this.position) > 0.12) {
        audio.currentTime = this.position;
      }
    }
    if (this.position >= this.length) {
      this.position = this.length;
      this.pause();
      return;
    }
    this.onTime(this.position);
    requestAnimationFrame(this.frame);
  }
};
