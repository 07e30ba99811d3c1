/** The page's one connection, and what it adds up to. */
import { signal } from '@preact/signals';
import { MeanwhileClient, type LinkState, type ServerMessage } from '../../src/client/index.ts';
import { emptyStory, withMessage, withRecord } from './story.ts';

export const story = signal(emptyStory);
export const link = signal<LinkState>({ type: 'connecting', attempt: 0 });
export const welcome = signal<Extract<ServerMessage, { type: 'welcome' }> | undefined>(undefined);
/** What the server's clock is ahead of this one's, in ms. */
export const aheadMs = signal(0);

const { protocol, host, search } = location;
export const client = new MeanwhileClient({
  url: `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/meanwhile${search}`,
});

export function serverNow(): number {
  return Date.now() + aheadMs.value;
}

client.on('state', (state) => {
  link.value = state;
});
client.on('welcome', (message) => {
  // Another conversation than the one that is shown.
  if (welcome.value && welcome.value.key !== message.key) story.value = emptyStory;
  welcome.value = message;
  aheadMs.value = message.now - Date.now();
});
client.on('record', (record) => {
  story.value = withRecord(story.value, record);
});
client.on('message', (message) => {
  if (message.type === 'sound' && welcome.value) welcome.value = { ...welcome.value, sound: message.sound };
  story.value = withMessage(story.value, message);
});
