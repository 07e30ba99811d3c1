/** A booking whose worker dies within its second step, once. Each deed is a line in the file that DEEDS names. */
import { appendFileSync, readFileSync } from 'node:fs';
import { tool } from '../../src/index.ts';
import { durable } from '../../src/restate/index.ts';

const file = process.env['DEEDS'] ?? '';

function deed(name: string): string {
  appendFileSync(file, `${name}\n`);
  return name;
}

export const book = durable(
  tool({
    name: 'dying',
    execute: async (_args, { ctx }) => {
      await ctx.step('search', () => deed('search'));
      await ctx.update('Found.');
      await ctx.step('hold', () => {
        deed('hold');
        const isFirst = readFileSync(file, 'utf8').split('hold').length === 2;
        if (isFirst) process.kill(process.pid, 'SIGKILL');
      });
      await ctx.update('Held.');
      return await ctx.step('pay', () => deed('pay'));
    },
  }),
  { ingress: process.env['INGRESS'] ?? 'http://127.0.0.1:8080' },
);
