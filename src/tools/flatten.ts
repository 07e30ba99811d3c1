/**
 * From what was given as `tools` to the tools that a model is offered: each with its name, what is in force for it,
 * and the toolsets it came through (S8.1, S9.1). Two tools of one name are refused.
 */
import { fromAiSdkTool, isAiSdkTool } from './ai-sdk.ts';
import { invalid, isRecord, show } from './options.ts';
import { type EffectivePolicy, effectivePolicy } from './policy.ts';
import type { Prompts } from './prompts.ts';
import type { ToolSchema } from './schema.ts';
import { checkName, checkNoConfirm, describeTool, isTool, type Tool } from './tool.ts';
import {
  AsyncToolset,
  checkAsyncToolset,
  describeToolset,
  entriesOf,
  sourceEntries,
  Toolset,
  type ToolSource,
} from './toolset.ts';

/** A tool in its place. */
export interface ResolvedTool {
  readonly name: string;
  readonly tool: Tool;
  readonly schema: ToolSchema;
  readonly strict?: boolean;
  readonly policy: EffectivePolicy;
  /** The toolsets it came through, innermost first. */
  readonly toolsets: readonly Toolset[];
  /** The prompts of its AsyncToolsets, innermost first. */
  readonly prompts: readonly Partial<Prompts>[];
}

/**
 * The tools of a list or record, in the order of declaration. The same tool twice under one name counts once.
 *
 * Throws `invalid_definition`: a tool without a name, two tools of one name, the name of a companion, something that
 * is no tool, a toolset inside itself.
 */
export function flattenTools(source: ToolSource | undefined): ResolvedTool[] {
  const found = new Map<string, { declared: unknown; resolved: ResolvedTool }>();
  visit(source, (name, declared, toolsets) => {
    const resolved = resolve(name, declared, toolsets);
    const earlier = found.get(resolved.name);
    if (earlier === undefined) found.set(resolved.name, { declared, resolved });
    else if (earlier.declared !== declared) throw twoOfOneName(earlier.resolved, resolved);
  });
  return [...found.values()].map((it) => it.resolved);
}

/** All toolsets in a list or record, nested ones and those without tools included, outermost first, each once. */
export function collectToolsets(source: ToolSource | undefined): Toolset[] {
  const found = new Set<Toolset>();
  visit(
    source,
    () => undefined,
    (toolset) => found.add(toolset),
  );
  return [...found];
}

/** Loads what has to be loaded (S1.3: Zod 3). Undefined when there is nothing to wait for. */
export function loadSchemas(tools: readonly ResolvedTool[]): Promise<void> | undefined {
  const loading = tools.map((it) => it.schema.load()).filter((it) => it !== undefined);
  return loading.length === 0 ? undefined : Promise.all(loading).then(() => undefined);
}

type OnTool = (name: string | undefined, declared: unknown, toolsets: readonly Toolset[]) => void;
type OnToolset = (toolset: Toolset) => void;

function visit(source: ToolSource | undefined, onTool: OnTool, onToolset: OnToolset = () => undefined): void {
  if (source === undefined) return;
  if (
    typeof source !== 'object' ||
    source === null ||
    source instanceof Toolset ||
    isTool(source) ||
    isAiSdkTool(source)
  ) {
    const got = source instanceof Toolset ? 'a toolset' : isTool(source) ? 'a tool' : show(source);
    throw invalid('tools', `expected a list or a record of tools, got ${got}. Put it into a list.`);
  }
  visitAll(sourceEntries(source), [], onTool, onToolset);
}

function visitAll(
  entries: readonly [string | undefined, unknown][],
  toolsets: readonly Toolset[],
  onTool: OnTool,
  onToolset: OnToolset,
): void {
  for (const [name, entry] of entries) {
    if (!(entry instanceof Toolset)) {
      onTool(name, entry, toolsets);
      continue;
    }
    if (toolsets.includes(entry)) throw invalid(describeToolset(entry.id, 'Toolset'), 'contains itself.');
    if (entry instanceof AsyncToolset) checkAsyncToolset(entry);
    onToolset(entry);
    visitAll(entriesOf(entry), [entry, ...toolsets], onTool, onToolset);
  }
}

function resolve(key: string | undefined, declared: unknown, toolsets: readonly Toolset[]): ResolvedTool {
  const tool = toTool(declared, key, toolsets);
  const name = tool.name ?? key;
  const what = describeTool(tool, name);
  if (name === undefined) throw invalid(what + place(toolsets), 'has no name. Give it one, or put it into a record.');
  checkName(what, name);
  const asyncToolsets = toolsets.filter((it) => it instanceof AsyncToolset);
  const policy = effectivePolicy([tool, ...asyncToolsets.map((it) => it.defaults)]);
  if (policy.onDuplicate === 'confirm') {
    checkNoConfirm(what, tool.schema);
    if (tool.provider) throw invalid(what, `the provider defines its schema, so onDuplicate cannot be 'confirm'.`);
  }
  return {
    name,
    tool,
    schema: tool.schema,
    ...(tool.strict === undefined ? {} : { strict: tool.strict }),
    policy,
    toolsets,
    prompts: asyncToolsets.map((it) => it.prompts),
  };
}

function toTool(declared: unknown, key: string | undefined, toolsets: readonly Toolset[]): Tool {
  if (isTool(declared)) return declared;
  if (isAiSdkTool(declared)) return fromAiSdkTool(declared, key);
  const looksLikeOne = isRecord(declared) && ('execute' in declared || 'parameters' in declared);
  const remedy = looksLikeOne
    ? 'Make it with tool() of this library.'
    : 'Give tools made by tool(), AI SDK tools, or toolsets.';
  throw invalid(`${describeTool(declared, key)}${place(toolsets)}`, `is not a tool but ${show(declared)}. ${remedy}`);
}

function twoOfOneName(one: ResolvedTool, other: ResolvedTool): Error {
  const where = `one${place(one.toolsets) || ' in no toolset'}, another${place(other.toolsets) || ' in no toolset'}`;
  return invalid(`Tool ${show(one.name)}`, `two different tools have this name: ${where}. Rename one.`);
}

function place([innermost]: readonly Toolset[]): string {
  return innermost ? ` in ${describeToolset(innermost.id, 'toolset')}` : '';
}
