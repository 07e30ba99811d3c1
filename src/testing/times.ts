/** Times and texts as a failing test shows them. */

/** `0:02.1`, minutes and seconds. */
export function timeText(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / 100);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${String(Math.floor(tenths / 600))}:${seconds}`;
}

/** `850 ms`, `1.3 s`. */
export function durationText(ms: number): string {
  return ms < 1000 ? `${String(Math.round(ms))} ms` : `${String(Math.round(ms / 100) / 10)} s`;
}

export function wordingOf(wanted: string | RegExp): string {
  return typeof wanted === 'string' ? JSON.stringify(wanted) : String(wanted);
}

/** Words that can be looked for: of the empty text everything is full. */
export function isWords(wanted: unknown): wanted is string | RegExp {
  return wanted instanceof RegExp || (typeof wanted === 'string' && wanted.trim() !== '');
}

/** A text is part of what was said; white space counts as one space. */
export function says(said: string, wanted: string | RegExp): boolean {
  const flat = said.replaceAll(/\s+/g, ' ');
  return typeof wanted === 'string' ? flat.includes(wanted.replaceAll(/\s+/g, ' ')) : flat.search(wanted) >= 0;
}

export function clip(text: string, most = 80): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

export function quoted(text: string): string {
  return `"${clip(text.trim())}"`;
}
