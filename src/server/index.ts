export type { OpenedTalk, ServeLimits, ServeOptions, SoundProblem, Visitor } from './options.ts';
export { serveConversations, type ConversationServer } from './serve.ts';
