/**
 * A stream of samples at another rate: linear between neighbours, downwards the mean of what falls together. It keeps the
 * end of each piece for the next, so that pieces join without a click.
 */
export class Resampler {
  readonly #step: number;
  #kept: Int16Array<ArrayBufferLike> = new Int16Array(0);
  /** Where in `kept` the next sample lies. */
  #at = 0;

  constructor(from: number, to: number) {
    this.#step = from / to;
  }

  /** What can be said of the samples so far. */
  push(samples: Int16Array): Int16Array {
    if (this.#step === 1) return samples;
    const given = this.#joined(samples);
    const reach = Math.max(this.#step, 1);
    const count = Math.max(0, Math.floor((given.length - reach - this.#at) / this.#step) + 1);
    const out = new Int16Array(count);
    for (let index = 0; index < count; index += 1) {
      const at = this.#at + index * this.#step;
      out[index] = this.#step > 1 ? mean(given, at, at + this.#step) : between(given, at);
    }
    const next = this.#at + count * this.#step;
    const used = Math.min(Math.floor(next), given.length);
    this.#kept = given.slice(used);
    this.#at = next - used;
    return out;
  }

  #joined(samples: Int16Array): Int16Array {
    const whole = new Int16Array(this.#kept.length + samples.length);
    whole.set(this.#kept);
    whole.set(samples, this.#kept.length);
    return whole;
  }
}

function between(samples: Int16Array, at: number): number {
  const left = Math.floor(at);
  const [a = 0, b = a] = [samples[left], samples[left + 1]];
  return a + (b - a) * (at - left);
}

function mean(samples: Int16Array, from: number, to: number): number {
  const [first, last] = [Math.floor(from), Math.ceil(to)];
  let sum = 0;
  for (let index = first; index < last; index += 1) sum += samples[index] ?? 0;
  return sum / (last - first);
}
