// The live lag: numbers in seconds, with a bar that turns amber and red.

const GRADES = [["bad", 5], ["late", 2]];

export class Meter {
  constructor(row) {
    this.output = row.querySelector("output");
    this.bar = row.querySelector(".bar");
    this.most = Number(this.bar.getAttribute("aria-valuemax"));
  }

  /** `text` in place of seconds: a clock. */
  show(value, text) {
    this.output.textContent = text ?? `${value.toFixed(1)} s`;
    this.bar.style.setProperty("--share", Math.min(1, value / this.most));
    this.bar.setAttribute("aria-valuenow", Math.min(this.most, value).toFixed(1));
    this.bar.dataset.grade = (GRADES.find(([, from]) => value >= from) ?? ["good"])[0];
  }

  clear() {
    this.show(0, "–");
  }
}

/** 75.3 as 1:15. */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
