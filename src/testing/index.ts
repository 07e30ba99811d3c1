export { toTimeline, type TimelineOptions } from '../index.ts';
export type { ConformanceCase, ConformanceNeed } from './conformance/case.ts';
export { conformanceCases } from './conformance/cases.ts';
export type {
  ConformanceHost,
  ConformanceOptions,
  ConformanceTalk,
  ModelRequest,
} from './conformance/host.ts';
export {
  planConformance,
  runConformance,
  type ConformanceResult,
  type ConformanceRunOptions,
  type PlannedCase,
} from './conformance/run.ts';
export type { PlannedStoreCase, StoreCase, StoreNeed, StoreUnderTest } from './conformance/store-case.ts';
export { storeCases } from './conformance/store-cases.ts';
export { planStoreConformance } from './conformance/store-run.ts';
export { createScriptedHost, type ScriptedHostOptions } from './conformance/scripted-host.ts';
export { mockTools } from './mock-tools.ts';
export {
  scriptedModel,
  type ScriptedAnswer,
  type ScriptedCall,
  type ScriptedModel,
  type ScriptedModelOptions,
  type ScriptedPoint,
  type ScriptedStep,
} from './scripted-model.ts';
export {
  createVirtualClock,
  type PendingTimer,
  type RunUntilIdleOptions,
  type VirtualClock,
  type VirtualClockOptions,
} from './virtual-clock.ts';
export { meanwhileMatchers, type MeanwhileMatchers, type Observed } from './matchers.ts';
export type { Moment } from './moments.ts';
export { Observation, type ObservationOptions } from './observation.ts';
export { observe } from './observe.ts';
export { simulate, Simulation } from './simulate.ts';
export type { App, Script, Step, World } from './script.ts';
export type { ArgsPattern, CalledOptions } from './check-tools.ts';
export type { OverlapOptions, SilentOptions, SpokenOptions, While } from './check-speech.ts';
export type { LanesOptions } from './lanes.ts';
export type { ModelFailure, ModelPace } from './paced-model.ts';
export type { AgentSpeech, Delivery, ToolRunSpan, UserSpeech } from './reading.ts';
export type { ToolScript, ToolStep } from './tool-script.ts';
export { ConversationError } from './verdict.ts';
export { createSimulatedVoice, type VoicePace } from './simulated-voice.ts';
export { walk, type Walk, type WalkPattern } from './walk.ts';
export type { WalkEvent, WalkEventName, WalkEvents } from './walk-events.ts';
