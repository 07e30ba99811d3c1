/** `durable()`: a tool whose body runs on worker processes, and goes on there whatever becomes of the session's. */
import { MeanwhileError, systemClock, type Json, type Tool } from '../index.ts';
import { durablePartOf, withPart } from './durable-part.ts';
import { serviceName } from './entries.ts';
import { follow } from './following.ts';
import { WorkflowClient, type IngressOptions } from './ingress.ts';
import { Nodes } from './nodes.ts';

export interface DurableOptions<UserData = unknown> extends IngressOptions {
  /** The tool's name in Restate. Default `meanwhile_<the tool's name>`. */
  readonly service?: string;
  /** What the body is given as `ctx.userData`, as JSON. Default: nothing, for it is in another process. */
  readonly userData?: (data: UserData) => Json;
  /**
   * For so many ms after its end Restate knows what a body told. A session that comes back later runs it anew. Default: 30
   * days.
   */
  readonly retentionMs?: number;
}

const optionNames = ['ingress', 'headers', 'clock', 'fetch', 'log', 'service', 'userData', 'retentionMs'];
const thirtyDaysMs = 30 * 86_400_000;

/**
 * The same tool, its body run as a workflow of Restate by whichever process serves it (`meanwhile worker FILE`). In it
 * `ctx.update`, `ctx.ask`, `ctx.step` and `abortSignal` mean what they mean at home; `ctx.session` and `ctx.foreground` are
 * refused. A worker that dies is replaced, and what was done in a step is not done again; a session that moved, or was
 * restored, goes on hearing. What waits
 * belongs into a step: there `abortSignal` fires at once, elsewhere after a second or two.
 *
 * ```ts
 * export const bookFlight = durable(
 *   tool({ name: 'book_flight', parameters, execute: async (args, { ctx }) => await ctx.step('book', () => book(args)) }),
 *   { ingress: 'http://127.0.0.1:8080' },
 * );
 * ```
 *
 * Throws MeanwhileError `invalid_definition` for a tool that was not made by `tool()` or has no name, `invalid_option` for
 * options that are none. The idea of a workflow whose promises are its mailbox is Restate's.
 */
export function durable<Args, UserData>(
  tool: Tool<Args, UserData>,
  options: DurableOptions<UserData>,
): Tool<Args, UserData> {
  const toolName = checkTool(tool);
  checkOptions(toolName, options);
  const { service = serviceName(toolName), userData, retentionMs = thirtyDaysMs, clock = systemClock } = options;
  const nodes = new Nodes(options.ingress);
  const execute: typeof tool.execute = (_args, given) => {
    const client = new WorkflowClient(service, given.ctx.idempotencyKey, options, nodes);
    return follow(client, given, userData?.(given.ctx.userData));
  };
  const clientOf = (key: string): WorkflowClient =>
    new WorkflowClient(service, key, { ...options, log: () => undefined }, nodes);
  // It is the same run of the body that a restored session hears again.
  const remote: Tool<Args, UserData> = { ...tool, idempotent: true, execute, resume: execute };
  return Object.freeze(withPart(remote, { tool, toolName, service, retentionMs, clock, clientOf }));
}

function checkTool(tool: unknown): string {
  const { kind, source, name } = Object(tool) as Partial<Tool>;
  if (kind !== 'tool' || source !== 'meanwhile')
    throw new MeanwhileError('invalid_definition', 'durable: expected a tool made by tool().');
  if (durablePartOf(tool))
    throw new MeanwhileError('invalid_definition', `durable: "${String(name)}" is durable already.`);
  if (name === undefined)
    throw new MeanwhileError(
      'invalid_definition',
      'durable: the tool has no name, and its workers know it by that. Give it one.',
    );
  return name;
}

function checkOptions(name: string, options: unknown): void {
  const given = Object(options) as Partial<DurableOptions>;
  const refuse = (expected: string, value: unknown): never => {
    throw new MeanwhileError('invalid_option', `durable("${name}"): expected ${expected}, got ${String(value)}.`);
  };
  const unknown = Object.keys(given).find((key) => !optionNames.includes(key));
  if (unknown !== undefined) refuse(`only ${optionNames.join(', ')}`, unknown);
  const urls = [given.ingress].flat();
  if (urls.length === 0 || !urls.every((url) => typeof url === 'string' && URL.canParse(url)))
    refuse('ingress to be the address of Restate, such as http://127.0.0.1:8080', given.ingress);
  const { headers, service, retentionMs } = given;
  if (headers !== undefined && !areHeaders(headers)) refuse('headers to be names and texts', JSON.stringify(headers));
  if (service !== undefined && !/^[A-Za-z][\w.-]*$/.test(service))
    refuse('service to be letters, digits, "_", "-" or ".", beginning with a letter', service);
  if (retentionMs !== undefined && !(Number.isFinite(retentionMs) && retentionMs >= 0))
    refuse('retentionMs to be a number of 0 or more', retentionMs);
}

function areHeaders(headers: Readonly<Record<string, string>>): boolean {
  try {
    return Object.keys(headers).length === [...new Headers(headers)].length;
  } catch {
    return false;
  }
}
