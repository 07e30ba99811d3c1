/**
 * What a model is offered in one place, and what the engine runs for it: the tools of one owner after the other, of two
 * with one name the first, then the companions (S5.4, S8.1).
 */
import type { JsonObject } from '../chat/items.ts';
import type { Owner } from '../chat/records.ts';
import { modelSchema } from '../tools/confirm.ts';
import type { ResolvedTool } from '../tools/flatten.ts';
import type { Prompts, Wording } from '../tools/prompts.ts';
import type { Tool } from '../tools/tool.ts';
import { companionsFor, createCompanions, type CompanionGroup } from './companions.ts';
import type { Directory } from './directory.ts';
import { toEngineTool, type Instead } from './engine-tool.ts';
import type { EngineTool } from './seam.ts';

/** A tool as a model is told of it. The fields are the AI SDK's. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly inputSchema: JsonObject;
  readonly strict?: boolean;
  readonly inputExamples?: NonNullable<Tool['inputExamples']>;
  readonly providerOptions?: NonNullable<Tool['providerOptions']>;
  /** Its schema is the provider's own, known there by this id. */
  readonly provider?: NonNullable<Tool['provider']>;
}

export interface OfferPorts {
  readonly directory: Directory;
  /** Grows by what the tools need: once seen, the companions stay. */
  readonly companions: Set<CompanionGroup>;
  readonly wording: (inner: readonly Partial<Prompts>[]) => Wording;
  readonly instead?: Instead;
}

export interface Offer {
  readonly declared: readonly ToolDeclaration[];
  readonly engineTools: ReadonlyMap<string, EngineTool>;
}

export function offerTools(
  places: readonly { readonly owner: Owner; readonly tools: readonly ResolvedTool[] }[],
  { directory, companions, wording, instead }: OfferPorts,
): Offer {
  const declared: ToolDeclaration[] = [];
  const engineTools = new Map<string, EngineTool>();
  for (const { owner, tools } of places) {
    for (const tool of tools) {
      const { name } = tool;
      if (engineTools.has(name)) continue;
      declared.push(declare(tool, wording));
      engineTools.set(name, toEngineTool(tool, owner, instead));
      for (const group of companionsFor(tool.policy)) companions.add(group);
    }
  }
  for (const companion of createCompanions(directory, wording([]), companions)) {
    const { name, description, inputSchema } = companion;
    declared.push({ name, description, inputSchema });
    engineTools.set(name, companion);
  }
  return { declared, engineTools };
}

function declare(resolved: ResolvedTool, wording: OfferPorts['wording']): ToolDeclaration {
  const { name, prompts, tool } = resolved;
  const { description, strict, inputExamples, providerOptions, provider } = tool;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    inputSchema: modelSchema(resolved, wording(prompts)('confirmParameter', { functionName: name })),
    ...(strict === undefined ? {} : { strict }),
    ...(inputExamples === undefined ? {} : { inputExamples }),
    ...(providerOptions === undefined ? {} : { providerOptions }),
    ...(provider === undefined ? {} : { provider }),
  };
}
