/**
 * Records in the contexts of LiveKit's agents. A record is a call with its output, as LiveKit's own; for an agent that
 * does not have the tool it is a marked message, because LiveKit drops calls of tools that an agent does not have.
 *
 * An agent that comes is given what is untold, and the newest of what runs (S8.8). Items have ids of ours, so that what
 * is there already is not added again, whichever way it got there.
 */
import type { Engine, TaskRecord } from '../../index.ts';
import type { LiveKitAgent, LiveKitChatContext, LiveKitItem, LiveKitLlm } from './surface.ts';

export interface ContextPorts {
  readonly llm: LiveKitLlm;
  readonly history: () => LiveKitChatContext;
  readonly engine: () => Engine;
}

export class Contexts {
  readonly #ports: ContextPorts;
  /** The number of each record whose telling is open. */
  readonly #numbers = new Map<string, number>();
  #count = 0;
  #covered = 0;

  constructor(ports: ContextPorts) {
    this.#ports = ports;
  }

  /** How many records were shown so far. */
  get shown(): number {
    return this.#count;
  }

  /** Something was heard of a speech whose request held so many records (S3.5). */
  cover(shown: number): void {
    this.#covered = Math.max(this.#covered, shown);
  }

  isCovered(id: string): boolean {
    const number = this.#numbers.get(id);
    return number !== undefined && number <= this.#covered;
  }

  /** Did the request of a speech that knew so many records hold all of these? */
  held(shown: number, ids: readonly string[]): boolean {
    return ids.every((id) => (this.#numbers.get(id) ?? Infinity) <= shown);
  }

  forget(id: string): void {
    this.#numbers.delete(id);
  }

  /** In the agent's context and in the session's history when it returns; rejects if LiveKit could not pass it on. */
  async show(agent: LiveKitAgent, records: readonly TaskRecord[]): Promise<void> {
    for (const { id } of records) if (!this.#numbers.has(id)) this.#numbers.set(id, (this.#count += 1));
    const items = records.flatMap((record) => this.#items(record, agent));
    insertMissing(this.#ports.history(), items);
    await this.#give(agent, items);
  }

  /** A context that the agent's model is asked with, once: what it is told last is in no context afterwards. */
  withInstructions(agent: LiveKitAgent, instructions: string): LiveKitChatContext {
    const context = agent.chatCtx.copy();
    context.insert(this.#ports.llm.ChatMessage.create({ role: 'system', content: instructions }));
    return context;
  }

  async arrived(agent: LiveKitAgent): Promise<void> {
    const missing = openRecords(this.#ports.engine()).filter((record) => !holdsOutput(agent.chatCtx, record.id));
    if (missing.length > 0)
      await this.#give(
        agent,
        missing.flatMap((record) => this.#items(record, agent)),
      );
  }

  /** Outputs of calls that LiveKit left without one, because their turn was cut: no request may go without (S1.4). */
  async answer(
    agent: LiveKitAgent,
    calls: readonly { readonly callId: string; readonly name: string; readonly output: string; isError: boolean }[],
  ): Promise<void> {
    const missing = calls.filter(({ callId }) => !holdsOutput(agent.chatCtx, callId));
    const outputs = missing.map((call) =>
      this.#ports.llm.FunctionCallOutput.create({ id: `meanwhile_${call.callId}_output`, ...call }),
    );
    insertMissing(this.#ports.history(), outputs);
    if (outputs.length > 0) await this.#give(agent, outputs);
  }

  async #give(agent: LiveKitAgent, items: readonly LiveKitItem[]): Promise<void> {
    const context = agent.chatCtx.copy();
    insertMissing(context, items);
    await agent.updateChatCtx(context);
  }

  #items(record: TaskRecord, agent: LiveKitAgent): LiveKitItem[] {
    const { llm } = this.#ports;
    const { id: callId, toolName: name, input, output } = record;
    if (!agent.toolCtx.hasTool(name)) {
      return [llm.ChatMessage.create({ id: `meanwhile_${callId}`, role: 'user', content: this.#noted(record) })];
    }
    return [
      llm.FunctionCall.create({ id: `meanwhile_${callId}_call`, callId, name, args: JSON.stringify(input) }),
      llm.FunctionCallOutput.create({
        id: `meanwhile_${callId}_output`,
        callId,
        name,
        output: output.text,
        isError: output.type === 'error',
      }),
    ];
  }

  #noted({ toolName, callId, phase, output }: TaskRecord): string {
    const engine = this.#ports.engine();
    const text = output.type === 'error' ? engine.text('errorPrefix', {}) + output.text : output.text;
    return engine.text('systemMark', { text: engine.text('note', { toolName, callId, phase, text }) });
  }
}

/** What is untold, and the newest record of each task that runs, in the order of recording. */
function openRecords({ state }: Engine): TaskRecord[] {
  const records = new Map<string, TaskRecord>();
  for (const { newest } of state.tasks.running.values()) if (newest?.kind === 'record') records.set(newest.id, newest);
  for (const { record } of state.tasks.deliveries.values()) records.set(record.id, record);
  return [...records.values()].sort((a, b) => a.at - b.at);
}

function holdsOutput({ items }: LiveKitChatContext, id: string): boolean {
  return items.some((item) =>
    item.type === 'function_call_output' ? item.callId === id : item.id === `meanwhile_${id}`,
  );
}

function insertMissing(context: LiveKitChatContext, items: readonly LiveKitItem[]): void {
  const there = new Set(context.items.map((item) => item.id));
  const missing = items.filter((item) => !there.has(item.id));
  if (missing.length > 0) context.insert(missing);
}
