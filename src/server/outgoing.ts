/** What a session does, as messages for its page. */
import { describeProblem } from './problem.ts';
import type { SessionRecord } from '../index.ts';
import type { ServerMessage } from '../wire/index.ts';
import type { OpenedTalk } from './options.ts';

export interface Outgoing {
  record(record: SessionRecord): void;
  message(message: ServerMessage): void;
  closed(): void;
}

export function watchSession({ session, voice, showsModelCalls }: OpenedTalk, now: () => number, out: Outgoing): void {
  session.watchRecords((record) => out.record(record));
  session.watchText({
    onText: (text, { speechId }) => out.message({ type: 'words', speechId, text, at: now() }),
    onEnd: ({ speechId }, cut) => out.message({ type: 'words_end', speechId, cut, at: now() }),
  });
  if (showsModelCalls)
    session.watchModel({
      onCall: ({ id, speechId, modelId, request }) =>
        out.message({ type: 'model_call', id, speechId, model: modelId, request, at: now() }),
      onAnswer: ({ id }, answer) => out.message({ type: 'model_answer', id, answer, at: now() }),
    });
  session.on('*', (event) => {
    switch (event.type) {
      case 'agent_state_changed':
      case 'user_state_changed':
      case 'agent_changed':
        out.message({
          type: 'state',
          agent: session.agentState,
          user: session.userState,
          ...(session.currentAgent ? { agentName: session.currentAgent.name } : {}),
          at: event.at,
        });
        return;
      case 'task_updated': {
        if (event.recordId !== undefined) return;
        const { callId, progress, total, data, at } = event;
        out.message({
          type: 'progress',
          callId,
          ...(progress === undefined ? {} : { progress }),
          ...(total === undefined ? {} : { total }),
          ...(data === undefined ? {} : { data }),
          at,
        });
        return;
      }
      case 'error':
        out.message({ type: 'problem', source: event.source, message: describeProblem(event.error), at: event.at });
        return;
      case 'closed':
        out.closed();
        return;
      default:
    }
  });
  voice?.on('*', (event) => {
    if (event.type === 'transcript')
      out.message({ type: 'transcript', text: event.text, final: event.final, at: event.at });
    if (event.type === 'playback_paused' || event.type === 'playback_resumed')
      out.message({ type: 'playback', paused: event.type === 'playback_paused', at: event.at });
    if (event.type === 'error')
      out.message({ type: 'problem', source: event.source, message: describeProblem(event.error), at: event.at });
  });
}
