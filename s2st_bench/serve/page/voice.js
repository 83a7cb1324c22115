// Plays pieces of speech one after another, without gaps between those that are there in time.

const LEAD_S = 0.05;

export class Voice {
  constructor(context) {
    this.context = context;
    this.next = 0;
    this.playing = new Set();
  }

  /** Seconds that are still to be heard. */
  get waiting() {
    return Math.max(0, this.next - this.context.currentTime);
  }

  say(samples, rate) {
    const buffer = this.context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const piece = this.context.createBufferSource();
    piece.buffer = buffer;
    piece.connect(this.context.destination);
    piece.onended = () => this.playing.delete(piece);
    const start = Math.max(this.next, this.context.currentTime + LEAD_S);
    piece.start(start);
    this.next = start + buffer.duration;
    this.playing.add(piece);
  }

  /** Drop what was not played yet. */
  cancel() {
    for (const piece of this.playing) piece.stop();
    this.playing.clear();
    this.next = 0;
  }
}
