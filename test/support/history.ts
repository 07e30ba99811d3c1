/** A session's history, short enough to be read in an assertion. */
import { messageText, type AgentSession, type Item } from 'meanwhile';

/** One line an item: `user: Hi`, `call_1: text`, `call_1_update_1: text`; errors as `call_1 ! text`. */
export function historyOf(items: Iterable<Item> | AgentSession): string[] {
  const list = 'history' in items ? items.history : items;
  return [...list].flatMap((item) => {
    if (item.kind === 'message') return [`${item.role}: ${messageText(item)}${item.cut ? '—' : ''}`];
    if (item.kind === 'record') return [`${item.id}${mark(item.output.type)} ${item.output.text}`];
    return item.calls.map((call) => `${call.callId}${mark(call.output.type)} ${call.output.text}`);
  });
}

/** What a call or a record told, by id. */
export function outputOf(session: AgentSession, id: string): string | undefined {
  const line = historyOf(session).find((each) => each.startsWith(`${id}: `) || each.startsWith(`${id} ! `));
  return line?.replace(/^\S+( !)? /, '');
}

function mark(type: 'text' | 'error'): string {
  return type === 'error' ? ' !' : ':';
}
