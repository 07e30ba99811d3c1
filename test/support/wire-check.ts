/**
 * Every prompt of every test goes to every provider: at each request the activity's context is encoded for each target
 * and, when the test ends, sent through the real provider package to a validator that answers as the real API does.
 */
import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import { viewTexts, type SessionRecord } from 'meanwhile';
import type { SessionState } from '../../src/chat/state.ts';
import { PromptView } from '../../src/chat/view.ts';
import { wireProfile } from '../../src/chat/wire-profile.ts';
import { checkPrompt } from '../wire/check.ts';
import { targets } from '../wire/providers.ts';

interface Prepared {
  readonly targetId: string;
  readonly callOptions: LanguageModelV4CallOptions;
}

export class WireCheck {
  readonly #views = new Map<string, PromptView>();
  readonly #prepared: Prepared[] = [];

  #failure: { readonly error: unknown } | undefined;

  /** For `onRecord`. */
  readonly note = (record: SessionRecord, state: SessionState): void => {
    if (record.type !== 'request_made') return;
    try {
      this.#prepare(record, state);
    } catch (error) {
      this.#failure ??= { error };
    }
  };

  /** Rejects with the first prompt that cannot be made, or that a provider refuses. */
  async finish(): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    for (const prepared of this.#prepared.splice(0)) await checkPrompt(prepared);
  }

  #prepare(record: Extract<SessionRecord, { type: 'request_made' }>, state: SessionState): void {
    const context = state.activities.get(record.activityId)?.context;
    if (!context) return;
    const about = state.speeches.get(record.speechId)?.about ?? [];
    const late = about.length > 0 && record.step === 0 ? { late: 'Something new has come in. Tell the user.' } : {};
    for (const target of targets) {
      const view = this.#view(record.activityId, target);
      view.sync(context.items, record.to);
      const { prompt, toolNames } = view.request({ system: 'You are an agent.', from: record.from, ...late });
      const tools = [...toolNames].map(stub);
      this.#prepared.push({ targetId: target.id, callOptions: { prompt, ...(tools.length > 0 ? { tools } : {}) } });
    }
  }

  #view(activityId: string, target: (typeof targets)[number]): PromptView {
    const key = `${activityId} ${target.id}`;
    const known = this.#views.get(key);
    if (known) return known;
    const { provider, modelId, providerOptions } = target;
    const model = { provider, modelId };
    const view = new PromptView({ profile: wireProfile(model, {}, { providerOptions }), model, texts: viewTexts() });
    this.#views.set(key, view);
    return view;
  }
}

function stub(name: string): LanguageModelV4FunctionTool {
  return { type: 'function', name, inputSchema: { type: 'object', properties: {} } };
}
