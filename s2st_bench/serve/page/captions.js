// The text as it stands: what is new arrives in the accent, what is taken back is struck out and
// fades.  Text is only ever set as text.

export class Captions {
  constructor(box, settled, fresh, gone, empty) {
    Object.assign(this, { box, settled, fresh, gone, empty });
    this.rest = document.createTextNode("");
    settled.replaceChildren(this.rest);
  }

  clear(language) {
    this.rest.data = "";
    this.fresh.textContent = "";
    this.gone.textContent = "";
    this.empty.hidden = false;
    this.box.lang = language;
  }

  show(added, removed) {
    if (!added && !removed) return;
    const isAtEnd = this.box.scrollTop + this.box.clientHeight > this.box.scrollHeight - 40;
    this.rest.appendData(this.fresh.textContent);
    if (removed) this.rest.deleteData(Math.max(0, this.rest.length - removed.length), this.rest.length);
    restart(this.fresh, added);
    restart(this.gone, removed);
    this.empty.hidden = Boolean(this.rest.length || added || removed);
    if (isAtEnd) this.box.scrollTop = this.box.scrollHeight;
  }
}

/** Set the text and let its animation run anew. */
function restart(element, text) {
  element.textContent = text;
  element.style.animationName = "none";
  void element.offsetWidth;
  element.style.animationName = "";
}
