export { systemClock, type Clock, type TimerHandle } from './clock.ts';
export {
  ActivityEndedError,
  MeanwhileError,
  OutputError,
  SessionClosedError,
  StopResponse,
  StoreError,
  TaskAbortedError,
  TaskEndedError,
  ToolError,
  type ErrorCode,
  type StoreErrorCode,
} from './errors.ts';
export { ChatContext } from './chat/chat-context.ts';
export {
  messageText,
  type Batch,
  type BatchCall,
  type ImagePart,
  type Item,
  type Json,
  type JsonObject,
  type Message,
  type MessagePart,
  type ModelRef,
  type Output,
  type ProviderMetadata,
  type ReasoningPart,
  type TaskRecord,
  type TextPart,
} from './chat/items.ts';
export { fold } from './chat/fold.ts';
export {
  RECORD_VERSION,
  type AnswerAction,
  type DeliveryMode,
  type Owner,
  type Receipt,
  type SessionRecord,
  type TaskEndState,
} from './chat/records.ts';
export {
  recordsFromTexts,
  recordToText,
  type AcquireOptions,
  type SessionLease,
  type SessionStore,
  type Snapshot,
  type StoredSession,
} from './chat/store.ts';
export type { CollectedResult, UndeliveredResult } from './chat/undelivered.ts';
export type { NoteArgs, ViewTexts } from './chat/view-texts.ts';
export type { SessionState } from './chat/state.ts';
export { createEngine, type CreateEngineOptions, type Engine } from './engine/create-engine.ts';
export type { ToolDeclaration } from './engine/offer.ts';
export type {
  BodyHost,
  BodyRef,
  Capabilities,
  Claim,
  ClaimLevel,
  ClaimRequest,
  Conversation,
  DeliveryReply,
  EngineReport,
  EngineTool,
  FirstOutput,
  Floor,
  HandoffIntent,
  IncomingCall,
  Outcome,
  StartedCall,
  TurnRef,
} from './engine/seam.ts';
export type { OfferedTools } from './engine/tools-in-place.ts';
export { executeTool, type ExecuteToolOptions, type ToolRun, type ToolRunUpdate } from './engine/standalone.ts';
export { wireProfile, type WireProfile } from './chat/wire-profile.ts';
export type {
  AgentRef,
  Answer,
  AskOptions,
  FillerOptions,
  FillerSource,
  Progress,
  Register,
  ReplyOptions,
  RunContext,
  SayOptions,
  SpeechRef,
  TaskDirectory,
  TaskInfo,
  ToolSession,
  UpdateOptions,
} from './tools/faces.ts';
export { handoff, type Handoff } from './tools/handoff.ts';
export { defaultPrompts, viewTexts, type Prompts, type RunningCall, type Wording } from './tools/prompts.ts';
export type { ToolDefaults, ToolPolicy } from './tools/policy.ts';
export type { StandardSchemaLike } from './tools/schema.ts';
export { tool, type Tool, type ToolDefinition, type ToolOptions } from './tools/tool.ts';
export {
  AsyncToolset,
  Toolset,
  type AsyncToolsetOptions,
  type ToolSource,
  type ToolsetContext,
  type ToolsetOptions,
} from './tools/toolset.ts';
export type { Activity as AgentActivity } from './session/activity.ts';
export type { Undelivered } from './session/afterlife.ts';
export { Agent, type AgentOptions, type ModelSettings, type UserMessage } from './session/agent.ts';
export { AgentTask, type AgentTaskOptions } from './session/agent-task.ts';
export { AgentSession } from './session/agent-session.ts';
export type { AgentState, SessionEvent, SessionEventName, SessionEvents, UserState } from './session/events.ts';
export type { FloorHolder } from './session/floor-rules.ts';
export type { AgentSessionOptions, ContextLimit, Logger } from './session/options.ts';
export type { ModelListener, WatchedAnswer, WatchedCall } from './session/model-watch.ts';
export {
  createTextOutput,
  type Heard,
  type SpeechOutput,
  type SpeechSink,
  type SpokenInfo,
  type TextListener,
} from './session/output.ts';
export { overrideTools, type OverrideTarget, type ToolBodies, type ToolBody } from './session/overrides.ts';
export type { AgentFactories, RestoredAgent, RestoreOptions } from './session/restore.ts';
export type { RunResult } from './session/run-result.ts';
export type { SpeechHandle } from './session/speech-handle.ts';
export { Timeline, toTimeline, type TimelineLine, type TimelineOptions } from './session/timeline.ts';
export type { SessionTracer, TracedWork, Tracing } from './session/tracing.ts';
export type { SessionUsage } from './session/usage.ts';
