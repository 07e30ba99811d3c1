/**
 * What all kill tests do: a booking of five steps, each a side effect that leaves a line, an update before each, and a
 * result. The lines are the world outside: they stay, whoever is killed.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, type AgentSession, type SpeechOutput, type Tool, tool } from '../../src/index.ts';
import type { ScriptedStep } from '../../src/testing/index.ts';

export const steps = 5;

/** A side effect takes its time, so that a kill can fall into it. */
const stepMs = 12;

/** `deeds`: the file that gets a line `<key> <step> <id>` for each. */
export function bookingTool(deeds: string): Tool {
  return tool({
    name: 'book',
    description: 'Books in five steps.',
    idempotent: true,
    execute: async (_args, { ctx }) => {
      const ids: string[] = [];
      for (let n = 1; n <= steps; n += 1) {
        await ctx.update(`Step ${String(n)} after ${ids.join(',')}`, { deliver: 'silent', key: String(n) });
        ids.push(
          await ctx.step(`step ${String(n)}`, async () => {
            await pause(stepMs / 2);
            const id = randomUUID();
            appendFileSync(deeds, `${ctx.idempotencyKey} ${String(n)} ${id}\n`);
            await pause(stepMs / 2);
            return id;
          }),
        );
      }
      return `Booked as ${ids.join(',')}`;
    },
  });
}

export const agent = (): Agent => new Agent({ name: 'booking', instructions: 'You book.' });

const said = 'Booked, all five steps.';

/**
 * Looks at what it is sent, as a model does, so that it can go on in the middle: calls the tool where nobody has, tells the
 * result when it is there, and where the user may have heard it says it in other words, or nothing if it stands there.
 */
const answer: ScriptedStep = ({ prompt }) => {
  const all = JSON.stringify(prompt);
  if (!all.includes('"toolName":"book"')) return { calls: [{ name: 'book' }] };
  if (!all.includes('Booked as')) return 'I am on it.';
  if (!JSON.stringify(prompt.at(-1)).includes('user already')) return said;
  return all.includes(said) ? '' : 'Repeated: it is booked.';
};

export const script: ScriptedStep[] = Array.from({ length: 50 }, () => answer);

/** Playback takes so long, so that a kill can fall into it. */
const playbackMs = 20;

/** Calls `onTold` before the first word of the result is heard. */
export function listeningOutput(onTold: (how: Told) => void): SpeechOutput {
  return {
    open() {
      let text = '';
      let how: Told | undefined;
      return {
        write(delta) {
          text += delta;
          if (how) return;
          how = text.startsWith('Booked') ? 'new' : text.startsWith('Repeated') ? 'again' : undefined;
          if (how) onTold(how);
        },
        end: async () => {
          await pause(playbackMs);
          return { text };
        },
        clear: () => undefined,
      };
    },
  };
}

/** As something new, or as what the user may have heard. */
export type Told = 'new' | 'again';

/** Resolves when every task has ended and everything is told. */
export async function whenOver(session: AgentSession): Promise<void> {
  for (;;) {
    // A reply may be under way that calls the tool.
    await session.waitForIdle();
    if (session.tasks.list().length === 0 && session.state.tasks.deliveries.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = session.watchRecords(() => resolve());
    await promise;
    stop();
  }
}
