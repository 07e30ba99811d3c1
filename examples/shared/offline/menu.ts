/**
 * The declared tools as the model sees them: parameters read from JSON Schema, each with the role its words suggest,
 * and the weight that a word of the user has as a hint at each tool.
 */
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { defaultPrompts } from 'meanwhile';
import { isRecord, readNullable, readParams, type Param } from './params.ts';
import { conceptOf, humanize, isFiller, isFillerText, wordsOf } from './words.ts';

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly params: readonly Param[];
  /** What must be there, if only as null. */
  readonly nullable: readonly string[];
  /** The concepts of its name, in order. */
  readonly words: readonly string[];
  /** How much a concept speaks for this tool and not for another. */
  readonly hints: ReadonlyMap<string, number>;
}

export interface Menu {
  readonly tools: readonly Tool[];
  /** Has the companion tool of this name been declared? */
  readonly has: (companion: Companion) => boolean;
}

export type Companion = 'get_running_tasks' | 'cancel_task' | 'answer_task';

const companions: readonly string[] = ['get_running_tasks', 'cancel_task', 'answer_task'] satisfies Companion[];

export function isCompanion(name: string): name is Companion {
  return companions.includes(name);
}

/** Words of a tool's name that say what is done, not to what. */
const verbs = new Set(
  `book search cancel build run rent send remind list pay transfer get set add create update delete remove make do save
  record ask tell fetch read open close show play change order call check submit register confirm schedule translate
  calculate convert summarize track start`
    .split(/\s+/)
    .map(conceptOf),
);

/** What descriptions say of every tool. */
const commonInDescriptions = new Set(
  `user tool name given call result information return detail specific current use assistant agent value request answer
  question run long second minute time progress background`
    .split(/\s+/)
    .map(conceptOf),
);

export function isVerb(concept: string): boolean {
  return verbs.has(concept);
}

export function readMenu(declared: LanguageModelV4CallOptions['tools']): Menu {
  const functions = (declared ?? []).filter((tool) => tool.type === 'function');
  const plain = functions
    .filter((tool) => !isCompanion(tool.name) && tool.description !== defaultPrompts.goneTool)
    .map((tool) => {
      const words = wordsOf(humanize(tool.name)).map((word) => word.concept);
      const written: unknown = tool.inputSchema;
      const schema = isRecord(written) ? written : {};
      const description = tool.description ?? '';
      return { name: tool.name, description, words, params: readParams(schema), nullable: readNullable(schema) };
    });
  const weights = plain.map(weigh);
  const tools = plain.map((tool, index) => ({ ...tool, hints: share(weights[index] ?? new Map(), weights) }));
  const names = new Set(functions.map((tool) => tool.name));
  return { tools, has: (companion) => names.has(companion) };
}

/** A noun of the name says most, a verb little; words of the description and of the parameters less. */
function weigh(tool: Omit<Tool, 'hints'>): Map<string, number> {
  const weights = new Map<string, number>();
  const add = (concept: string, weight: number): void => {
    weights.set(concept, Math.max(weights.get(concept) ?? 0, weight));
  };
  tool.words.forEach((concept, index) => {
    if (!isFillerText(concept)) add(concept, index === 0 && verbs.has(concept) && tool.words.length > 1 ? 0.9 : 3);
  });
  for (const word of wordsOf(tool.description)) {
    if (isFiller(word) || commonInDescriptions.has(word.concept)) continue;
    add(word.concept, verbs.has(word.concept) ? 0.4 : 1);
  }
  for (const param of tool.params) {
    for (const concept of param.concepts) add(concept, 0.4);
    for (const option of param.options)
      for (const word of wordsOf(option.label)) if (!isFiller(word)) add(word.concept, 0.6);
  }
  if (tool.params.some((param) => param.role === 'destination')) add('travel', 1.5);
  return weights;
}

/** A word that hints at several tools is divided among them, most to whom it says most. */
function share(own: ReadonlyMap<string, number>, all: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  return new Map(
    [...own].map(([concept, weight]) => {
      const total = all.reduce((sum, weights) => sum + (weights.get(concept) ?? 0), 0);
      return [concept, (weight * weight) / total];
    }),
  );
}
