// One session over the WebSocket: docs/serve.md has its messages.

/**
 * `on.text(message)` for every answer, `on.speech(header, samples)`, `on.end()` when all is said,
 * `on.error(text)`; after `end` and `error` nothing follows.
 */
export class Session {
  constructor(address, settings, messageBytes, on) {
    this.messageBytes = messageBytes - (messageBytes % 2);
    this.on = on;
    this.isOver = false;
    this.header = null;
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.socket.send(JSON.stringify(settings));
    this.socket.onmessage = (event) => this.hear(event.data);
    this.socket.onclose = (event) => this.finish("error",
      event.reason || "the connection was lost; is the service still running?");
  }

  get isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  send(audio) {
    for (let at = 0; at < audio.byteLength; at += this.messageBytes) {
      this.socket.send(audio.slice(at, at + this.messageBytes));
    }
  }

  end() {
    this.socket.send(JSON.stringify({ end_of_stream: true }));
  }

  close() {
    this.isOver = true;
    this.socket.close();
  }

  hear(data) {
    if (this.isOver) return;
    if (typeof data !== "string") {
      this.on.speech(this.header, decoded(data));
      return;
    }
    const message = JSON.parse(data);
    if (message.error) {
      this.finish("error", message.error.message);
    } else if (message.end_of_processing) {
      this.finish("end");
    } else {
      this.on.text(message);
      if (message.speech) {
        this.header = message.speech;
        if (!message.speech.bytes) this.on.speech(this.header, new Float32Array(0));
      }
    }
  }

  finish(how, text) {
    if (this.isOver) return;
    this.isOver = true;
    this.socket.close();
    this.on[how](text);
  }
}

function decoded(buffer) {
  const view = new DataView(buffer);
  const samples = new Float32Array(buffer.byteLength / 2);
  for (let at = 0; at < samples.length; at += 1) samples[at] = view.getInt16(2 * at, true) / 32768;
  return samples;
}
