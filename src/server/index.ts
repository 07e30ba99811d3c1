export type { OpenedTalk, ServeLimits, ServeOptions, Visitor } from './options.ts';
export { serveConversations, type ConversationServer } from './serve.ts';
