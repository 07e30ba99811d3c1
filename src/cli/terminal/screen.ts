/**
 * The terminal in two parts: rows that were printed and scroll away, and beneath them a panel that is drawn anew, with
 * the cursor in it.
 *
 * Invariants
 * - Between two frames the cursor stands in the panel, at a known row. A frame goes up to the panel's first row, clears
 *   from there on, prints what is new, draws the panel: one write, so nothing is ever half drawn.
 * - No row is as wide as the terminal, so none wraps by itself, and rows are what was counted.
 * - Only this file writes to the terminal.
 */
import type { Clock, TimerHandle } from '../../index.ts';
import type { OutputStream } from '../io.ts';
import { widthOf } from './cells.ts';

export interface Panel {
  readonly rows: readonly string[];
  /** Where the cursor stands: an index of `rows`, and columns from the left. */
  readonly cursor: { readonly row: number; readonly column: number };
}

export interface ScreenOptions {
  readonly stdout: OutputStream;
  readonly clock: Clock;
  /** The panel as of now, for rows of at most so many columns. */
  readonly panel: (columns: number, rows: number) => Panel;
}

/** What comes in a burst is drawn together. */
const frameMs = 30;

const escape = '\u001B[';
const beginFrame = `${escape}?2026h`;
const endFrame = `${escape}?2026l`;

export class Screen {
  readonly #options: ScreenOptions;
  readonly #onResize = (): void => this.draw();
  #printed: string[] = [];
  #drawn: Panel = { rows: [''], cursor: { row: 0, column: 0 } };
  #timer: TimerHandle | undefined;
  #closed = false;

  constructor(options: ScreenOptions) {
    this.#options = options;
    options.stdout.on('resize', this.#onResize);
  }

  /** Columns a row may have. */
  get columns(): number {
    return Math.max(10, this.#options.stdout.columns ?? 80) - 1;
  }

  /** Rows that scroll away, above the panel, with the next frame. */
  print(rows: readonly string[]): void {
    this.#printed.push(...rows);
    this.changed();
  }

  /** The panel has changed: it is drawn soon. */
  changed(): void {
    this.#timer ??= this.#options.clock.setTimeout(() => this.draw(), frameMs);
  }

  /** Draws now. */
  draw(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#closed) return;
    const panel = this.#options.panel(this.columns, this.#options.stdout.rows ?? 24);
    this.#write(panel, this.#printed.splice(0));
  }

  /** Empties the terminal, as Ctrl-L does. */
  clear(): void {
    this.#options.stdout.write(`${escape}2J${escape}H`);
    this.#drawn = { rows: [''], cursor: { row: 0, column: 0 } };
    this.draw();
  }

  /** Prints what is left; the panel is gone. */
  close(): void {
    if (this.#closed) return;
    this.#options.clock.clearTimeout(this.#timer);
    this.#options.stdout.off('resize', this.#onResize);
    this.#closed = true;
    this.#write({ rows: [''], cursor: { row: 0, column: 0 } }, this.#printed.splice(0));
  }

  #write(panel: Panel, printed: readonly string[]): void {
    const { rows, cursor } = panel;
    const up = rows.length - 1 - cursor.row;
    const frame = [
      beginFrame,
      this.#toPanelStart(),
      `${escape}J`,
      [...printed, ...rows].join('\r\n'),
      up > 0 ? `${escape}${String(up)}A` : '',
      '\r',
      cursor.column > 0 ? `${escape}${String(cursor.column)}C` : '',
      endFrame,
    ];
    this.#drawn = panel;
    if (this.#options.stdout.writable) this.#options.stdout.write(frame.join(''));
  }

  /** A terminal that has become narrower has wrapped the rows that were drawn before. */
  #toPanelStart(): string {
    const width = Math.max(1, this.#options.stdout.columns ?? 80);
    const { rows, cursor } = this.#drawn;
    const above = rows.slice(0, cursor.row).reduce((sum, row) => sum + Math.max(1, Math.ceil(widthOf(row) / width)), 0);
    const up = above + Math.floor(cursor.column / width);
    return up > 0 ? `\r${escape}${String(up)}A` : '\r';
  }
}
