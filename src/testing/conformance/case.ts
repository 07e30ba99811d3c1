/** What a conformance case is: data that a runner of any kind can list, and run against any host. */
import type { Capabilities, Prompts } from '../../index.ts';
import type { ConformanceHost } from './host.ts';
import type { HandTool } from './hand-tool.ts';
import { Scene } from './scene.ts';

/** Something that not every host can do. */
export type ConformanceNeed =
  /** The host decides when its model speaks. */
  | 'runtime turns'
  /** The model decides itself. */
  | 'model turns'
  | 'interrupt'
  | 'silent append'
  | 'tool choice'
  | 'knows what was heard'
  | 'refusable appends';

/** One rule of the seam, to be tried on any host. */
export interface ConformanceCase {
  readonly id: string;
  /** The rules it holds, by number. */
  readonly rules: readonly string[];
  /** One sentence. */
  readonly behaviour: string;
  readonly needs: readonly ConformanceNeed[];
  /** Rejects, saying what was expected and what happened, where the host does not behave so. */
  run(host: ConformanceHost): Promise<void>;
}

const met: Readonly<Record<ConformanceNeed, (can: Capabilities, host: ConformanceHost) => boolean>> = {
  'runtime turns': ({ turns }) => turns === 'runtime',
  'model turns': ({ turns }) => turns === 'model',
  interrupt: (can) => can.interrupt,
  'silent append': (can) => can.silentAppend,
  'tool choice': (can) => can.toolChoice,
  'knows what was heard': ({ heard }) => heard !== 'unknown',
  'refusable appends': (_can, host) => host.refusesAppends === true,
};

/** The first need that the host's capabilities do not meet. */
export function unmetNeed(needs: readonly ConformanceNeed[], host: ConformanceHost): ConformanceNeed | undefined {
  return needs.find((need) => !met[need](host.capabilities, host));
}

export interface CaseDefinition {
  readonly id: string;
  readonly rules: string;
  readonly behaviour: string;
  /** Beside `runtime turns`, unless `model turns` are needed. */
  readonly needs?: readonly ConformanceNeed[];
  /** Tools whose bodies are in the hands of the case. */
  readonly tools?: readonly HandTool[];
  readonly prompts?: Partial<Prompts>;
  readonly play: (scene: Scene) => Promise<void>;
}

/** Opens a talk, plays, closes it, and looks that nothing was lost or left (S3.4, S8.7). */
export function defineCase(definition: () => CaseDefinition): ConformanceCase {
  const { id, rules, behaviour, needs = [] } = definition();
  const turns: readonly ConformanceNeed[] = needs.includes('model turns') ? [] : ['runtime turns'];
  return {
    id,
    rules: rules.split(' '),
    behaviour,
    needs: [...turns, ...needs],
    run: async (host) => {
      // Anew for each run: its tools hold the bodies of this one.
      const { tools = [], prompts = {}, play } = definition();
      await new Scene().play(host, { tools, prompts }, play);
    },
  };
}
