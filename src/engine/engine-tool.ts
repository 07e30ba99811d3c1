/** A declared tool in its place, as the engine runs it. */
import type { Owner } from '../chat/records.ts';
import { readArguments } from '../tools/arguments.ts';
import { duplicateKey, supersedeKey } from '../tools/duplicate-key.ts';
import type { ResolvedTool } from '../tools/flatten.ts';
import { AsyncToolset } from '../tools/toolset.ts';
import type { EngineTool } from './seam.ts';

/** Another body than a tool's own, asked for at each call. */
export type Instead = (name: string) => ((args: never, options: never) => unknown) | undefined;

export function toEngineTool(resolved: ResolvedTool, owner: Owner, instead?: Instead): EngineTool {
  const { name, tool, schema, policy, prompts, toolsets } = resolved;
  const toolset = toolsets.find((each) => each instanceof AsyncToolset);
  return {
    name,
    owner,
    policy,
    prompts,
    toolsets,
    ...(toolset ? { toolset } : {}),
    ...(policy.idempotent || tool.resume ? { runsAgain: true } : {}),
    parse: (text, cutOff) => readArguments(schema, text, { cutOff, confirm: policy.onDuplicate === 'confirm' }),
    keyOf: (args) => duplicateKey(resolved, args),
    supersedeKeyOf: (args) => supersedeKey(resolved, args.value),
    needsApproval: (value) =>
      typeof policy.needsApproval === 'function' ? policy.needsApproval(value) : policy.needsApproval,
    run: (value, options) => {
      const other = instead?.(name);
      if (other) return other(value as never, options as never);
      return options.ctx.resumed && tool.resume ? tool.resume(value, options) : tool.execute(value, options);
    },
  };
}
