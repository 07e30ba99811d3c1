// Runs in the browser's audio thread: plays what it is given and counts what it really played.
class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.pieces = [];
    this.at = 0;
    this.played = 0;
    this.drains = [];
    this.port.onmessage = ({ data }) => this.hear(data);
  }

  hear(message) {
    if (message.type === 'play') this.pieces.push(message.samples);
    if (message.type === 'drain') this.drains.push(message.id);
    if (message.type === 'clear') {
      this.pieces = [];
      this.at = 0;
      this.port.postMessage({ type: 'cleared', id: message.id, played: this.played });
      this.played = 0;
    }
    if (this.pieces.length === 0) this.tellDrained();
  }

  process(_inputs, [[output]]) {
    let written = 0;
    while (written < output.length && this.pieces.length > 0) {
      const piece = this.pieces[0];
      const count = Math.min(output.length - written, piece.length - this.at);
      for (let index = 0; index < count; index += 1) output[written + index] = piece[this.at + index] / 32768;
      written += count;
      this.at += count;
      if (this.at === piece.length) {
        this.pieces.shift();
        this.at = 0;
      }
    }
    this.played += written;
    if (this.pieces.length === 0) this.tellDrained();
    return true;
  }

  tellDrained() {
    for (const id of this.drains.splice(0)) this.port.postMessage({ type: 'drained', id });
  }
}

registerProcessor('meanwhile-playback', Playback);
