// A board in one file: every page is a template, every recording and sound a block of text.  The
// address names the page (#page=runs/….html&…); another page is shown by loading the file anew.
"use strict";

window.S2ST = window.S2ST || {};

(() => {
  const { S2ST } = window;
  const INDEX = "index.html";
  const asked = () => new URLSearchParams(location.hash.slice(1)).get("page") || INDEX;
  const page = asked();
  const named = (kind, name) => [...document.querySelectorAll(`[data-${kind}]`)].find((element) => element.dataset[kind] === name);
  const made = new Map(); // sounds asked for so far

  window.addEventListener("hashchange", () => { if (asked() !== page) location.reload(); });

  // A link as the pages write it, as an address in this file.
  S2ST.at = (href) => {
    const [path, fragment] = href.split("#");
    const values = new URLSearchParams(fragment || "");
    values.delete("page");
    const rest = values.toString();
    return `#page=${path || page}${rest ? `&${rest}` : ""}`;
  };

  // What a data file would have called.
  S2ST.held = async (name) => {
    const element = named("held", name);
    if (!element) throw new Error(`this board has no recording ${name}`);
    const text = element.textContent;
    const call = text.slice(0, text.indexOf("(")).trim();
    const value = JSON.parse(text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")));
    if (call === "S2ST.recording") S2ST.recording(value);
    else if (call === "S2ST.trace") S2ST.trace(value);
  };

  S2ST.file = (name) => {
    if (!made.has(name)) {
      const element = named("sound", name);
      const bytes = Uint8Array.from(atob(element ? element.textContent : ""), (letter) => letter.charCodeAt(0));
      made.set(name, URL.createObjectURL(new Blob([bytes], { type: "audio/ogg" })));
    }
    return made.get(name);
  };

  S2ST.scripts = () => {
    const template = named("page", page);
    const place = document.getElementById("page");
    if (page !== INDEX && !template) {
      const problem = document.createElement("p");
      problem.className = "apart";
      problem.textContent = "This file has no such page.";
      document.getElementById("main").prepend(problem);
    } else if (template) {
      place.replaceChildren(template.content.cloneNode(true));
      document.title = template.dataset.title;
    }
    const at = new URLSearchParams(location.hash.slice(1)).get("at");
    const element = at && document.getElementById(at);
    if (element) setTimeout(() => element.scrollIntoView());
    return (template || place).dataset.scripts.split(" ").filter(Boolean);
  };
})();
