/** What was left open, closed by records: after a crash, and where a close ran out of time. */
import type { TaskState } from '../chat/state.ts';
import type { TurnRef } from '../engine/seam.ts';
import type { Agent } from './agent.ts';
import type { Core } from './core.ts';
import { closeSpeeches, recover, type Recovery } from './recover.ts';

/** Closes what the crash left open; returns the tasks whose bodies run again. */
export function closeOpenEnds(core: Core, agent: Agent, tools: TurnRef['tools']): TaskState[] {
  const { log } = core;
  const runsAgain = ({ toolName, key, question }: TaskState): boolean => {
    const tool = tools.get(toolName);
    // One that waits for approval has not begun.
    return tool !== undefined && key !== undefined && (tool.runsAgain || question?.approval === true);
  };
  for (const record of recover(log.state, recovery(core, agent, tools, runsAgain))) log.commit(record);
  return [...log.state.tasks.running.values()];
}

/** Turns that have been cut and have no time to say what came of them: a result that nobody answered is still to be told. */
export function closeOpenSpeeches(core: Core): void {
  const { log, stage, executor } = core;
  const agent = stage.stack.at(-1)?.agent;
  if (!agent || log.state.speeches.size === 0) return;
  const tools = new Map(stage.stack.flatMap(({ toolbox }) => [...toolbox.engineTools]));
  for (const record of closeSpeeches(
    log.state,
    recovery(core, agent, tools, () => true),
  ))
    log.commit(record);
  executor.keepTools(tools);
}

function recovery(core: Core, agent: Agent, tools: TurnRef['tools'], runsAgain: Recovery['runsAgain']): Recovery {
  const wording = core.wording(agent);
  return {
    now: core.clock.now(),
    runsAgain,
    isSilent: (toolName) => tools.get(toolName)?.policy.deliver === 'silent',
    lost: ({ toolName, callId }) => ({ type: 'error', text: wording('lost', { functionName: toolName, callId }) }),
    goesOn: ({ toolName, callId }) => ({
      type: 'text',
      text: wording('backgrounded', { functionName: toolName, callId }),
    }),
    newId: (prefix) => core.newId(prefix),
  };
}
