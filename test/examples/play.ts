/**
 * Plays a conversation with an example's agent: on the virtual clock, with the rule-based model, as a timeline. After
 * every record the fold of the log must equal the state, and every prompt must pass every provider's wire.
 */
import { AgentSession, type Agent, type Clock, type Logger, type SessionEvent } from 'meanwhile';
import { createVirtualClock, toTimeline, type VirtualClock } from 'meanwhile/testing';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { onTestFinished } from 'vitest';
import { offlineModel } from '../../examples/shared/offline-model.ts';
import { createLogCheck, drive } from '../support/session.ts';
import { WireCheck } from '../support/wire-check.ts';

export interface Play {
  readonly session: AgentSession;
  readonly clock: VirtualClock;
  /** Says it and lets the agent answer. */
  say(text: string): Promise<void>;
  /** What has happened so far. */
  timeline(): string;
}

const ignore = (): void => undefined;
/** What goes wrong stands in the timeline. */
const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

type MakeAgent = (options: { llm: LanguageModelV4; clock: Clock }) => Agent;

export async function startPlay(make: MakeAgent): Promise<Play> {
  const clock = createVirtualClock();
  const startAt = clock.now();
  const llm = offlineModel({ clock, wordDelayMs: 40 });
  const { check } = createLogCheck();
  const wire = new WireCheck();
  onTestFinished(() => wire.finish());
  const session = new AgentSession({
    llm,
    clock,
    logger,
    onRecord: (record, state) => {
      check(record, state);
      wire.note(record, state);
    },
  });
  onTestFinished(() => session.close());
  const events: SessionEvent[] = [];
  session.on('*', (event) => events.push(event));
  await session.start({ agent: make({ llm, clock }) });
  return {
    session,
    clock,
    say: async (userInput) => {
      await drive(clock, session.run({ userInput }));
    },
    timeline: () => `\n${toTimeline(events, { startAt })}\n`,
  };
}
