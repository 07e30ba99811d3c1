// Runs in the browser's audio thread: the microphone's sound in pieces, with its level.
const pieceSamples = 512;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(pieceSamples);
    this.at = 0;
    this.loudest = 0;
  }

  process([[input]]) {
    if (!input) return true;
    for (const sample of input) {
      const bounded = Math.max(-1, Math.min(1, sample));
      this.loudest = Math.max(this.loudest, Math.abs(bounded));
      this.piece[this.at] = bounded * 32767;
      this.at += 1;
      if (this.at < pieceSamples) continue;
      this.port.postMessage({ samples: this.piece, level: this.loudest }, [this.piece.buffer]);
      this.piece = new Int16Array(pieceSamples);
      this.at = 0;
      this.loudest = 0;
    }
    return true;
  }
}

registerProcessor('meanwhile-capture', Capture);
