export { attachMeanwhile, type AttachOptions, type Meanwhile, type MeanwhileEvents } from './attach.ts';
export type { AttachedTools } from './calls.ts';
export type {
  LiveKitAgent,
  LiveKitChatContext,
  LiveKitItem,
  LiveKitLlm,
  LiveKitSession,
  LiveKitSpeech,
  LiveKitTool,
  LiveKitToolDefinition,
  LiveKitToolOptions,
} from './surface.ts';
