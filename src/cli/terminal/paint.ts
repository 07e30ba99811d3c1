/** Colours, where the terminal and the user want them. */
import { styleText } from 'node:util';
import type { World } from '../io.ts';

export interface Paint {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly user: (text: string) => string;
  readonly agent: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

/** Plain with `NO_COLOR` set to anything (no-color.org), or where the output is no terminal. */
export function createPaint({ stdout, env }: Pick<World, 'stdout' | 'env'>): Paint {
  const coloured = stdout.isTTY === true && !env['NO_COLOR'];
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    coloured && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return {
    dim: style('dim'),
    bold: style('bold'),
    user: style('cyan'),
    agent: style('green'),
    good: style('green'),
    bad: style('red'),
    warn: style('yellow'),
  };
}
