export { toTimeline, type TimelineOptions } from '../index.ts';
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
