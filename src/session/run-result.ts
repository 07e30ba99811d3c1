/** What happened in one `session.run()` (S10.2). */
import { messageText, type Item } from '../chat/items.ts';
import type { SessionEvent, SessionEventName } from './events.ts';

export class RunResult {
  /** Everything, in order. */
  readonly events: readonly SessionEvent[];

  constructor(events: readonly SessionEvent[]) {
    this.events = events;
  }

  /** Items added, in order. */
  get items(): Item[] {
    return this.of('item_added').map((event) => event.item);
  }

  /** What the agent said, a line for each message. */
  get text(): string {
    return this.items
      .flatMap((item) => (item.kind === 'message' && item.role === 'assistant' ? [messageText(item)] : []))
      .join('\n');
  }

  get errors(): unknown[] {
    return this.of('error').map((event) => event.error);
  }

  of<Name extends SessionEventName>(type: Name): SessionEvent<Name>[] {
    return this.events.filter((event) => event.type === type) as unknown as SessionEvent<Name>[];
  }
}
