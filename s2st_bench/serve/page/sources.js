// Where audio comes from: each hands out mono blocks at its own rate, in real time.

const BLOCK_S = 0.1;

/** The microphone.  `onBlock(Float32Array)`; `rate` is known once it was opened. */
export class Microphone {
  async open(context, onBlock) {
    if (!navigator.mediaDevices) {
      throw new Error("browsers give a microphone to secure pages only: open this page as "
        + "http://localhost… or through https");
    }
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true },
    });
    await context.audioWorklet.addModule("capture.js");
    this.rate = context.sampleRate;
    this.node = context.createMediaStreamSource(this.stream);
    this.capture = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
    this.capture.port.onmessage = (event) => onBlock(event.data);
  }

  start() {
    this.node.connect(this.capture);
  }

  close() {
    if (this.capture) this.capture.port.onmessage = null;
    if (this.node) this.node.disconnect();
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
  }
}

/** A file, given at the pace at which it would be spoken. */
export class Recording {
  constructor(file, isHeard, onEnd) {
    this.file = file;
    this.isHeard = isHeard;
    this.onEnd = onEnd;
  }

  async open(context, onBlock) {
    let audio;
    try {
      audio = await context.decodeAudioData(await this.file.arrayBuffer());
    } catch {
      throw new Error(`${this.file.name}: this browser cannot decode it`);
    }
    this.context = context;
    this.audio = audio;
    this.rate = audio.sampleRate;
    this.samples = mono(audio);
    this.onBlock = onBlock;
  }

  start() {
    const begun = performance.now();
    const length = Math.round(BLOCK_S * this.rate);
    let at = 0;
    if (this.isHeard) {
      this.player = this.context.createBufferSource();
      this.player.buffer = this.audio;
      this.player.connect(this.context.destination);
      this.player.start();
    }
    this.timer = setInterval(() => {
      const due = Math.floor(((performance.now() - begun) / 1000) * this.rate);
      while (at < this.samples.length && at + length <= due) {
        this.onBlock(this.samples.slice(at, at + length));
        at += length;
      }
      if (at >= this.samples.length) {
        clearInterval(this.timer);
        this.onEnd();
      }
    }, BLOCK_S * 500);
  }

  close() {
    clearInterval(this.timer);
    if (this.player) this.player.stop();
  }
}

function mono(audio) {
  const mixed = new Float32Array(audio.length);
  for (let channel = 0; channel < audio.numberOfChannels; channel += 1) {
    const samples = audio.getChannelData(channel);
    for (let at = 0; at < mixed.length; at += 1) mixed[at] += samples[at] / audio.numberOfChannels;
  }
  return mixed;
}

/** 16-bit little-endian PCM of float samples. */
export function pcm16(samples) {
  const view = new DataView(new ArrayBuffer(2 * samples.length));
  for (let at = 0; at < samples.length; at += 1) {
    const value = Math.round(samples[at] * 32768);
    view.setInt16(2 * at, Math.max(-32768, Math.min(32767, value)), true);
  }
  return view.buffer;
}
