/**
 * The view: a chat context as the prompt that one model is sent (S2.2, S2.3, S3.7).
 *
 * One instance goes with a context as it grows. Each item is encoded once; a request is a copy of the prepared messages
 * with the system prompt in front and what holds for this request only at the end.
 *
 * Invariants:
 * 1. What one request was sent, its ephemeral end aside, begins what the next one is sent; only the last message may
 *    have grown, at its end.
 * 2. A call stands in one message with the others of its batch, and their outputs in the one behind it.
 * 3. A prompt ends with something to answer to: a user's message or an output.
 */
import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import {
  messageText,
  type Batch,
  type Item,
  type Message,
  type ModelRef,
  type Output,
  type TaskRecord,
} from './items.ts';
import { Draft, type AssistantPart, type Place, type UserPart } from './view-draft.ts';
import { WireIds } from './view-ids.ts';
import {
  assistantParts,
  callPart,
  isBlank,
  outputOf,
  reasoningParts,
  resultPart,
  toolNameOf,
  userParts,
} from './view-parts.ts';
import type { ViewTexts } from './view-texts.ts';
import type { WireProfile } from './wire-profile.ts';

export type { ViewTexts } from './view-texts.ts';

export interface PromptViewOptions {
  readonly profile: WireProfile;
  /** The model that the prompts go to. */
  readonly model: ModelRef;
  readonly texts: ViewTexts;
}

export interface PromptRequest {
  readonly system?: string | undefined;
  /** The first item in view. Default 0. */
  readonly from?: number | undefined;
  /** Notes of this request, in front of `late`; not kept. */
  readonly notes?: readonly string[] | undefined;
  /** The instruction of this request, at its end; not kept. */
  readonly late?: string | undefined;
}

export interface PreparedPrompt {
  readonly prompt: LanguageModelV4Prompt;
  /** Every tool that a call in view names: those that are gone want a stub. */
  readonly toolNames: ReadonlySet<string>;
}

/** The last item, when it was what a step said. */
interface StepText {
  readonly speechId: string;
  readonly place: Place;
  readonly cut: boolean;
  /** It brings its reasoning along. */
  readonly reasoned: boolean;
}

export class PromptView {
  readonly #profile: WireProfile;
  readonly #model: ModelRef;
  readonly #texts: ViewTexts;
  readonly #ids: WireIds;
  readonly #draft: Draft;
  /** Where each item begins, most with a message of their own: the number of that. Undefined for one that is left out. */
  readonly #places: (Place | number | undefined)[] = [];
  /** Tool name → the last item that calls it. */
  readonly #calledAt = new Map<string, number>();
  #allNames: ReadonlySet<string> | undefined;
  #stepText: StepText | undefined;
  /** The turn of the assistant that is open began with reasoning. */
  #turnIsReasoned = false;

  constructor({ profile, model, texts }: PromptViewOptions) {
    this.#profile = profile;
    this.#model = model;
    this.#texts = texts;
    this.#ids = new WireIds(profile);
    this.#draft = new Draft({ alternate: profile.alternate, texts: profile.texts, noReply: this.#texts.noReply });
  }

  /** Encodes what is new in `items`, up to `upTo` (exclusive). Throws a RangeError if the view is already further. */
  sync(items: readonly Item[], upTo = items.length): void {
    if (upTo < this.#places.length) {
      throw new RangeError(
        `The view has ${String(this.#places.length)} items, more than ${String(upTo)}. A context only grows.`,
      );
    }
    for (let index = this.#places.length; index < upTo; index += 1) {
      const item = items[index];
      if (!item) return;
      const stepText = this.#stepText;
      this.#stepText = undefined;
      this.#places.push(packed(this.#add(item, stepText)));
    }
  }

  request({ system, from = 0, notes = [], late = '' }: PromptRequest = {}): PreparedPrompt {
    const { assistantFirst } = this.#profile;
    const standing = system === undefined || isBlank(system) ? undefined : system;
    const draft = this.#draft.copy(this.#placeFrom(from), standing);
    if (!assistantFirst) draft.openWithUser(this.#texts.nothing);
    const told = [...notes, late].filter((text) => !isBlank(text)).join('\n\n');
    if (told !== '') this.#instruct(draft, told, standing !== undefined);
    else if (draft.lastRole !== 'user' && draft.lastRole !== 'tool') draft.user(this.#nothing());
    return { prompt: draft.finish(), toolNames: this.#namesFrom(from) };
  }

  #instruct(draft: Draft, told: string, behindSystem: boolean): void {
    const { late, assistantFirst } = this.#profile;
    // The only system message of a prompt would be taken for the standing one.
    if (late === 'system' && behindSystem) {
      const before = draft.lastRole;
      if (before === undefined || (before === 'assistant' && !assistantFirst)) draft.user(this.#nothing());
      draft.system(told);
    } else if (late === 'fold') draft.fold(this.#texts.mark(told));
    else draft.user({ type: 'text', text: this.#texts.mark(told) });
  }

  #add(item: Item, stepText: StepText | undefined): Place | undefined {
    switch (item.kind) {
      case 'message':
        return this.#addMessage(item);
      case 'batch':
        return this.#addBatch(item, stepText);
      case 'record':
        return this.#addRecord(item);
    }
  }

  #addMessage(message: Message): Place | undefined {
    if (message.role === 'assistant') return this.#addAssistant(message);
    if (message.role === 'system') return this.#addSystem(messageText(message));
    const parts = userParts(message);
    return parts.length > 0 ? this.#user(...parts) : undefined;
  }

  #addSystem(text: string): Place | undefined {
    if (isBlank(text)) return undefined;
    return this.#profile.systemItems === 'system' ? this.#draft.system(text) : this.#marked(text);
  }

  #addAssistant(message: Message): Place | undefined {
    const cut = message.cut === true;
    const parts = assistantParts(message, !cut && this.#isOwn(message.model), this.#profile);
    if (parts.length === 0) return undefined;
    const reasoned = parts[0]?.type === 'reasoning';
    if (reasoned) this.#openReasoned();
    const place = this.#draft.assistant(parts, this.#profile.merge === 'step');
    if (message.speechId !== undefined) this.#stepText = { speechId: message.speechId, place, cut, reasoned };
    return place;
  }

  #addBatch(batch: Batch, stepText: StepText | undefined): Place | undefined {
    if (batch.calls.length === 0) return undefined;
    const own = this.#isOwn(batch.model);
    const reasoning = own ? reasoningParts(batch.reasoning ?? [], this.#profile) : [];
    // A turn is one mode of thinking: further steps of the model's own may come without, those of others may not.
    const inMode = reasoning.length > 0 || (own && this.#turnIsReasoned);
    if (this.#profile.unreasonedCalls === 'notes' && !inMode) return this.#noteBatch(batch);
    const wired = batch.calls.map((call) => ({
      id: this.#ids.take(call.callId, call.wireId),
      toolName: this.#named(call.toolName),
      input: call.input,
      metadata: own ? call.providerMetadata : undefined,
      output: call.output,
    }));
    const sameStep = stepText?.speechId === batch.speechId ? stepText : undefined;
    const place = this.#placeCalls(reasoning, wired.map(callPart), sameStep);
    this.#draft.tool(wired.map((call) => resultPart(call, outputOf(call.output, this.#profile, this.#texts))));
    return place;
  }

  /**
   * A step is reasoning, text, calls. Its text is in the prompt before its batch is: it moves behind the reasoning,
   * unless a request has seen it where it stands.
   */
  #placeCalls(reasoning: AssistantPart[], calls: AssistantPart[], stepText: StepText | undefined): Place {
    const { reasoning: form, merge, texts } = this.#profile;
    const apart = merge === 'step';
    if (reasoning.length === 0 || stepText?.reasoned) {
      return this.#draft.assistant([...reasoning, ...calls], apart && stepText === undefined);
    }
    // Reasoning that is checked against what follows it must not stand before a text that was cut.
    const moves = stepText !== undefined && texts === 'parts' && (form === 'first' || !stepText.cut);
    if (!moves || !this.#draft.isUnseen(stepText.place)) {
      this.#openReasoned();
      return this.#draft.assistant([...reasoning, ...calls], apart && stepText === undefined);
    }
    const text = this.#draft.takeBack(stepText.place);
    this.#openReasoned();
    const place = this.#draft.assistant([...reasoning, ...text, ...calls], apart);
    this.#places[this.#places.length - 1] = packed(place);
    return place;
  }

  #addRecord({ id, toolName, callId, phase, input, output }: TaskRecord): Place {
    if (this.#profile.background === 'notes') {
      return this.#marked(this.#texts.note({ toolName, callId, phase, text: this.#noted(output) }));
    }
    // The model never made this call: it carries no metadata.
    const wired = { id: this.#ids.take(id), toolName: this.#named(toolName), input };
    const place = this.#draft.assistant([callPart(wired)], this.#profile.merge === 'step');
    this.#draft.tool([resultPart(wired, outputOf(output, this.#profile, this.#texts))]);
    return place;
  }

  #noteBatch({ calls }: Batch): Place {
    const notes = calls.map(({ toolName, callId, input, output }) =>
      this.#texts.note({ toolName, callId, phase: 'call', input: JSON.stringify(input), text: this.#noted(output) }),
    );
    return this.#marked(notes.join('\n'));
  }

  #noted({ type, text }: Output): string {
    const said = isBlank(text) ? this.#texts.noOutput : text;
    return type === 'error' ? this.#texts.error + said : said;
  }

  #marked(text: string): Place {
    return this.#user({ type: 'text', text: this.#texts.mark(text) });
  }

  #user(...parts: readonly UserPart[]): Place {
    this.#turnIsReasoned = false;
    return this.#draft.user(...parts);
  }

  /** Sees to it that the reasoning which follows is not behind what other steps said. */
  #openReasoned(): void {
    if (this.#profile.reasoning === 'first' && this.#draft.lastRole === 'assistant') this.#user(this.#nothing());
    this.#turnIsReasoned = true;
  }

  #nothing(): UserPart {
    return { type: 'text', text: this.#texts.nothing };
  }

  #isOwn(model: ModelRef | undefined): boolean {
    if (model?.provider !== this.#model.provider) return false;
    return this.#profile.metadataOf === 'provider' || model.modelId === this.#model.modelId;
  }

  #named(name: string): string {
    const toolName = toolNameOf(name);
    if (!this.#calledAt.has(toolName)) this.#allNames = undefined;
    this.#calledAt.set(toolName, this.#places.length);
    return toolName;
  }

  #placeFrom(from: number): Place {
    let place: Place | number | undefined;
    for (let index = from; index < this.#places.length && place === undefined; index += 1) place = this.#places[index];
    return typeof place === 'number' ? { message: place, part: 0, offset: 0 } : (place ?? this.#draft.end);
  }

  #namesFrom(from: number): ReadonlySet<string> {
    if (from > 0) return new Set([...this.#calledAt].filter(([, at]) => at >= from).map(([name]) => name));
    this.#allNames ??= new Set(this.#calledAt.keys());
    return this.#allNames;
  }
}

function packed(place: Place | undefined): Place | number | undefined {
  return place?.part === 0 && place.offset === 0 ? place.message : place;
}
