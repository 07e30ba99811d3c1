/** The page's one connection, and what it adds up to. */
import { signal } from '@preact/signals';
import { MeanwhileClient, type LinkState, type ServerMessage } from '../../src/client/index.ts';
import { emptyStory, withMessage, withRecord, withWelcome } from './story.ts';

export const story = signal(emptyStory);
export const link = signal<LinkState>({ type: 'connecting', attempt: 0 });
export const welcome = signal<Extract<ServerMessage, { type: 'welcome' }> | undefined>(undefined);
/** What the server's clock is ahead of this one's, in ms. */
export const aheadMs = signal(0);

/** The conversation of this tab, where it outlives the page. */
const remembered = 'meanwhile.conversation';
const resume = sessionStorage.getItem(remembered);

const { protocol, host, search } = location;
export const client = new MeanwhileClient({
  url: `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/meanwhile${search}`,
  ...(resume === null ? {} : { resume }),
});

/** Leaves this conversation for good. */
export function beginAnew(): void {
  sessionStorage.removeItem(remembered);
  location.reload();
}

export function serverNow(): number {
  return Date.now() + aheadMs.value;
}

client.on('state', (state) => {
  link.value = state;
  // There is nothing to come back to.
  if (state.type === 'closed' && (state.reason === 'over' || state.reason === 'failed'))
    sessionStorage.removeItem(remembered);
});
client.on('welcome', (message) => {
  story.value = withWelcome(story.value, message);
  welcome.value = message;
  aheadMs.value = message.now - Date.now();
  if (message.kept) sessionStorage.setItem(remembered, message.key);
  else sessionStorage.removeItem(remembered);
});
client.on('record', (record) => {
  story.value = withRecord(story.value, record);
});
client.on('message', (message) => {
  if (message.type === 'sound' && welcome.value) welcome.value = { ...welcome.value, sound: message.sound };
  story.value = withMessage(story.value, message);
});
