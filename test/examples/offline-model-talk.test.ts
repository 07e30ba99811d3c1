/**
 * The rule-based model in conversations with background work. Each runs in both forms that records have in a prompt,
 * calls and notes, and with what is asked of one answer as a system message and folded into the last one. Every prompt
 * goes through JSON to two fresh instances, which must answer alike: the model reads its prompt and nothing else.
 */
import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FunctionTool,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { viewTexts } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { offlineModel } from '../../examples/shared/offline-model.ts';
import type { Item, JsonObject } from '../../src/chat/items.ts';
import { PromptView } from '../../src/chat/view.ts';
import { wireProfile, type WireProfile } from '../../src/chat/wire-profile.ts';
import { promptText, type PromptArgs, type Prompts } from '../../src/tools/prompts.ts';

const textOf = <Name extends keyof Prompts>(name: Name, args: PromptArgs<Name>): string => promptText([], name, args);

const declare = (
  name: string,
  description: string,
  properties: Record<string, object>,
  required = Object.keys(properties),
) =>
  ({
    type: 'function',
    name,
    description,
    inputSchema: { type: 'object', properties, required },
  }) as LanguageModelV4FunctionTool;

const text = { type: 'string' };
const travel = [
  declare(
    'book_flight',
    'Searches for a flight and books it.',
    { origin: text, destination: text, date: text, confirm_duplicate: { type: 'boolean' } },
    ['origin', 'destination'],
  ),
  declare('get_weather', 'Tells the weather in a city.', { city: text }),
  declare('search_hotels', 'Finds hotels in a city.', { city: text, nights: { type: 'integer' } }, ['city']),
];
const companions = [
  declare('get_running_tasks', textOf('getRunningTasks', {}), {}),
  declare('cancel_task', textOf('cancelTask', {}), { call_id: text }),
  declare(
    'answer_task',
    textOf('answerTask', {}),
    { call_id: text, action: { type: 'string', enum: ['accept', 'decline', 'cancel'] }, content: { type: 'object' } },
    ['call_id', 'action'],
  ),
];

const model = { provider: 'offline', modelId: 'rules' };

type Answer = { readonly text: string; readonly calls: readonly [name: string, args: JsonObject][] };

/** A conversation as the library keeps it. The model's calls are answered by the test. */
class Talk {
  tools = [...travel, ...companions];
  toolChoice: NonNullable<LanguageModelV4CallOptions['toolChoice']> = { type: 'auto' };
  readonly #items: Item[] = [];
  readonly #profile: WireProfile;
  readonly #inputs = new Map<string, { toolName: string; input: JsonObject }>();
  #open: Answer = { text: '', calls: [] };

  constructor(form: Partial<WireProfile>) {
    this.#profile = wireProfile(model, form);
  }

  /** The user says something; the answer's words are played, its calls wait for `output`. */
  user(said: string): Promise<Answer> {
    this.#add({ kind: 'message', id: '', at: 0, role: 'user', parts: [{ type: 'text', text: said }] });
    return this.answer();
  }

  /** The outputs of the calls just made, in their order; the next step's answer. */
  output(...outputs: string[]): Promise<Answer> {
    const calls = this.#open.calls.map(([toolName, input], index) => {
      const callId = `${toolName}_${this.#inputs.size + 1}`;
      this.#inputs.set(callId, { toolName, input });
      return { callId, toolName, input, output: toOutput((outputs[index] ?? '').replaceAll('<id>', callId)) };
    });
    this.#add({ kind: 'batch', id: '', at: 0, speechId: 's', step: 0, calls, model });
    return this.answer();
  }

  record(id: string, written: string, failed = false): void {
    const [, callId = id, end] = /^(.*)_(final|update_\d+)$/.exec(id) ?? [];
    const { toolName, input } = this.#inputs.get(callId) ?? { toolName: callId.replace(/_\d+$/, ''), input: {} };
    const phase = end === 'final' ? 'final' : written.includes('answer_task') ? 'question' : 'update';
    this.#add({
      kind: 'record',
      id,
      callId,
      phase,
      toolName,
      input,
      owner: 'session',
      at: 0,
      output: { type: failed ? 'error' : 'text', text: written },
    });
  }

  heard(said: string): void {
    this.#add({ kind: 'message', id: '', at: 0, role: 'assistant', parts: [{ type: 'text', text: said }], model });
  }

  atTail(...ids: string[]): Promise<Answer> {
    return this.answer(textOf('replyAtTail', { callIds: ids.join(', '), newCallIds: '', heard: '' }));
  }

  covered(
    ids: readonly string[],
    { fresh = [], heard = '' }: { fresh?: readonly string[]; heard?: string } = {},
  ): Promise<Answer> {
    return this.answer(textOf('replyMaybeCovered', { callIds: ids.join(', '), newCallIds: fresh.join(', '), heard }));
  }

  async answer(late?: string): Promise<Answer> {
    const view = new PromptView({ profile: this.#profile, model, texts: viewTexts() });
    view.sync(this.#items);
    const system = ['You are a travel agent.', textOf('deliveryPolicy', {})].join('\n\n');
    const { prompt } = view.request({ system, ...(late === undefined ? {} : { late }) });
    const [first, second] = await Promise.all([0, 1].map(() => this.#ask(JSON.stringify(prompt))));
    expect(second).toEqual(first);
    this.#open = first ?? { text: '', calls: [] };
    if (this.#open.text !== '') this.heard(this.#open.text);
    return this.#open;
  }

  async #ask(prompt: string): Promise<Answer> {
    const options = {
      prompt: JSON.parse(prompt) as LanguageModelV4CallOptions['prompt'],
      tools: this.tools,
      toolChoice: this.toolChoice,
    };
    const { stream } = await offlineModel().doStream(options);
    const parts = await Array.fromAsync(stream as AsyncIterable<LanguageModelV4StreamPart>);
    return {
      text: parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join(''),
      calls: parts.flatMap((part) =>
        part.type === 'tool-call' ? [[part.toolName, JSON.parse(part.input) as JsonObject]] : [],
      ),
    };
  }

  #add(item: Item): void {
    this.#items.push(item.kind === 'record' ? item : { ...item, id: `item_${this.#items.length}` });
  }
}

function toOutput(written: string): { type: 'text' | 'error'; text: string } {
  return written.startsWith('!') ? { type: 'error', text: written.slice(1) } : { type: 'text', text: written };
}

const said = (answer: string): Answer => ({ text: answer, calls: [] });
const called = (...calls: [string, JsonObject][]): Answer => ({ text: '', calls });
const progress = (message: string, functionName = 'book_flight', callId = '<id>') =>
  textOf('update', { functionName, callId, message });
const question = (callId: string, message: string, schema?: object) =>
  textOf('ask', {
    functionName: 'book_flight',
    callId,
    message,
    schema: schema ? ` Its content must fit ${JSON.stringify(schema)}.` : '',
  });
const oneOf = (...flights: string[]) => ({
  type: 'object',
  properties: { flight: { type: 'string', enum: flights } },
  required: ['flight'],
});
const options = 'Which one: ANA at 9:05 for 820 EUR, Air France at 13:30 for 640 EUR or JAL at 19:50 for 760 EUR?';

const forms: readonly [string, Partial<WireProfile>][] = [
  ['as an unknown provider takes it', {}],
  [
    'as calls',
    {
      late: 'system',
      systemItems: 'system',
      background: 'calls',
      alternate: false,
      assistantFirst: true,
      errors: 'field',
    },
  ],
  ['with the instruction as a user message', { late: 'user', background: 'calls', alternate: false, errors: 'field' }],
];

describe.each(forms)('a prompt %s', (_, form) => {
  const start = () => new Talk(form);

  /** A flight is on its way: `book_flight_1`. */
  async function booking(): Promise<Talk> {
    const talk = start();
    await talk.user('book a flight from Paris to Tokyo');
    await talk.output(progress('Searching flights from Paris to Tokyo'));
    return talk;
  }

  describe('what calls give is told', () => {
    test('progress as such, with a promise', async () => {
      const talk = start();
      expect(await talk.user('book me paris to tokyo')).toEqual(
        called(['book_flight', { origin: 'Paris', destination: 'Tokyo' }]),
      );
      expect(await talk.output(progress('Searching flights from Paris to Tokyo'))).toEqual(
        said("I'm searching flights from Paris to Tokyo; I'll tell you when I have something."),
      );
    });

    test('JSON in words, several results one after another', async () => {
      const talk = start();
      await talk.user('the weather in Rome and in Paris');
      const answer = await talk.output(
        JSON.stringify({ city: 'Rome', condition: 'sunny', temperatureC: 22 }),
        JSON.stringify({ city: 'Paris', summary: 'Light rain.' }),
      );
      expect(answer).toEqual(said('The weather in Rome: sunny, temperature 22 °C. The weather in Paris: Light rain.'));
    });

    test('a result before what goes on', async () => {
      const talk = start();
      await talk.user('book a flight from Paris to Tokyo and tell me the weather there');
      expect(
        await talk.output(
          textOf('backgrounded', { functionName: 'book_flight', callId: '<id>' }),
          'Sunny in Tokyo, 22 °C',
        ),
      ).toEqual(
        said("Sunny in Tokyo, 22 °C. I'm booking the flight from Paris to Tokyo; I'll tell you when I have something."),
      );
    });

    test('an error as one', async () => {
      const talk = start();
      await talk.user('weather in Atlantis');
      expect(await talk.output('!No such city.')).toEqual(
        said("Sorry, the weather in Atlantis didn't work out: no such city."),
      );
    });

    test('a list of things', async () => {
      const talk = start();
      await talk.user('hotels in Rome');
      expect(
        await talk.output(
          JSON.stringify([
            { name: 'Roma', stars: 4, priceEur: 120 },
            { name: 'Tiber', stars: 3, priceEur: 80 },
          ]),
        ),
      ).toEqual(said('Hotels in Rome: Roma (stars 4, price 120 EUR); Tiber (stars 3, price 80 EUR).'));
    });
  });

  describe('a missing argument', () => {
    test('is asked for, and the answer belongs to the request', async () => {
      const talk = start();
      expect(await talk.user('I want to fly to Tokyo')).toEqual(
        said('The flight to Tokyo, gladly. Where would you like to leave from?'),
      );
      expect(await talk.user('paris')).toEqual(called(['book_flight', { origin: 'Paris', destination: 'Tokyo' }]));
    });

    test('two at once, answered at once or one by one', async () => {
      const both = start();
      expect(await both.user('book a flight')).toEqual(
        said('The flight, gladly. Where would you like to leave from, and where would you like to go?'),
      );
      expect(await both.user('Paris, Tokyo')).toEqual(
        called(['book_flight', { origin: 'Paris', destination: 'Tokyo' }]),
      );
      const single = start();
      await single.user('book a flight');
      expect((await single.user('Paris')).text).toContain('Where would you like to go?');
      expect(await single.user('to Tokyo, on Friday')).toEqual(
        called(['book_flight', { origin: 'Paris', destination: 'Tokyo', date: 'Friday' }]),
      );
    });

    test('stays open over small talk, not over another wish, and can be let go', async () => {
      const talk = start();
      await talk.user('book a flight to Tokyo');
      expect((await talk.user('what are you?')).text).toMatch(/rule-based.*Where would you like to leave from\?$/);
      expect(await talk.user('why do you ask?')).toEqual(
        said("Sorry, I didn't get that. Where would you like to leave from?"),
      );
      expect(await talk.user("I don't know")).toEqual(
        said("Sorry, I didn't get that. Where would you like to leave from?"),
      );
      expect(await talk.user('Lyon')).toEqual(called(['book_flight', { origin: 'Lyon', destination: 'Tokyo' }]));
      const other = start();
      await other.user('book a flight to Tokyo');
      expect(await other.user("what's the weather in Rome?")).toEqual(called(['get_weather', { city: 'Rome' }]));
      const gone = start();
      await gone.user('book a flight to Tokyo');
      expect(await gone.user('never mind')).toEqual(said("All right, I'll leave it."));
    });

    test('is asked for after what could be done at once', async () => {
      const talk = start();
      expect(await talk.user('book a flight to Tokyo and tell me the weather in Rome')).toEqual(
        called(['get_weather', { city: 'Rome' }]),
      );
      expect(await talk.output('Sunny.')).toEqual(said('Sunny. Where would you like to leave from?'));
      expect(await talk.user('from Lyon')).toEqual(called(['book_flight', { origin: 'Lyon', destination: 'Tokyo' }]));
    });
  });

  test('what was talked about before can be left out', async () => {
    const talk = start();
    await talk.user('book a flight from Paris to Tokyo');
    await talk.output('Booked.');
    expect(await talk.user("and how's the weather there?")).toEqual(called(['get_weather', { city: 'Tokyo' }]));
    await talk.output('Sunny.');
    expect(await talk.user('and in Osaka?')).toEqual(called(['get_weather', { city: 'Osaka' }]));
  });

  describe('the companions', () => {
    test('"what are you working on?"', async () => {
      const talk = await booking();
      expect(await talk.user('What are you working on?')).toEqual(called(['get_running_tasks', {}]));
      const listed = [
        {
          call_id: 'book_flight_1',
          tool: 'book_flight',
          state: 'working',
          message: 'Comparing prices',
          age_seconds: 12,
          may_be_cancelled: true,
        },
      ];
      expect(await talk.output(JSON.stringify(listed))).toEqual(
        said("I'm booking the flight from Paris to Tokyo (comparing prices; for 12 s)."),
      );
      await talk.user('any news?');
      expect(await talk.output('[]')).toEqual(said('Nothing is running at the moment.'));
    });

    test('without it, or without leave to call, the prompt says enough', async () => {
      const talk = await booking();
      talk.toolChoice = { type: 'none' };
      expect(await talk.user('how is the booking going?')).toEqual(
        said("I'm booking the flight from Paris to Tokyo (searching flights from Paris to Tokyo)."),
      );
    });

    test.each(['stop the booking', 'cancel the flight please', 'please abort it', "I don't need the flight any more"])(
      '%s',
      async (words) => {
        const talk = await booking();
        expect(await talk.user(words)).toEqual(called(['cancel_task', { call_id: 'book_flight_1' }]));
        expect(await talk.output(textOf('taskCancelled', { callId: 'book_flight_1' }))).toEqual(
          said("All right, I've stopped booking the flight from Paris to Tokyo."),
        );
        expect((await talk.user('stop it')).text).toBe('There is nothing running that I could stop.');
      },
    );

    test('which one is asked, not guessed', async () => {
      const talk = await booking();
      await talk.user('and a flight from Rome to Oslo');
      await talk.output(progress('Searching flights from Rome to Oslo'));
      expect(await talk.user('stop the booking')).toEqual(
        said('Which one shall I stop: booking the flight from Paris to Tokyo or booking the flight from Rome to Oslo?'),
      );
      expect(await talk.user('the one to Oslo')).toEqual(called(['cancel_task', { call_id: 'book_flight_2' }]));
      await talk.output(textOf('taskCancelled', { callId: 'book_flight_2' }));
      expect(await talk.user('stop')).toEqual(said('Shall I stop booking the flight from Paris to Tokyo?'));
      expect(await talk.user('no')).toEqual(said("All right, I'll keep at it."));
    });

    test('all of them', async () => {
      const talk = await booking();
      await talk.user('find hotels in Tokyo');
      await talk.output(progress('Searching', 'search_hotels'));
      expect(await talk.user('cancel everything')).toEqual(
        called(['cancel_task', { call_id: 'book_flight_1' }], ['cancel_task', { call_id: 'search_hotels_2' }]),
      );
      expect(
        await talk.output(
          textOf('taskCancelled', { callId: 'book_flight_1' }),
          `!${textOf('taskNotCancellable', { callId: 'search_hotels_2' })}`,
        ),
      ).toEqual(
        said(
          "All right, I've stopped booking the flight from Paris to Tokyo. Sorry, I can't stop looking for hotels in Tokyo: it doesn't allow that.",
        ),
      );
    });
  });

  describe('a question of a task', () => {
    async function asked(message: string, schema?: object): Promise<Talk> {
      const talk = await booking();
      talk.record('book_flight_1_update_1', question('book_flight_1', message, schema));
      expect((await talk.atTail('book_flight_1_update_1')).text).toContain(message.split('\n')[0]);
      return talk;
    }

    test.each([
      ['the second one', 'Air France'],
      ['Air France please', 'Air France'],
      ['the cheapest', 'Air France'],
      ['the one at 9:05', 'ANA'],
      ['the latest flight', 'JAL'],
      ['number 3', 'JAL'],
      ['jal', 'JAL'],
      ['the last one', 'JAL'],
      ["I don't care", 'ANA'],
    ])('is answered by one of its options: %s', async (words, flight) => {
      const talk = await asked(options, oneOf('ANA', 'Air France', 'JAL'));
      expect(await talk.user(words)).toEqual(
        called(['answer_task', { call_id: 'book_flight_1', action: 'accept', content: { flight } }]),
      );
      expect(await talk.output(textOf('answerRecorded', { callId: 'book_flight_1' }))).toEqual(
        said("Thanks! I'll go on with the flight from Paris to Tokyo."),
      );
    });

    test('can be declined and dropped', async () => {
      const none = await asked(options, oneOf('ANA', 'Air France', 'JAL'));
      expect(await none.user('none of them')).toEqual(
        called(['answer_task', { call_id: 'book_flight_1', action: 'decline' }]),
      );
      const dropped = await asked(options, oneOf('ANA', 'Air France', 'JAL'));
      expect(await dropped.user('never mind')).toEqual(
        called(['answer_task', { call_id: 'book_flight_1', action: 'cancel' }]),
      );
    });

    test('waits while the user talks of other things', async () => {
      const talk = await asked(options, oneOf('ANA', 'Air France', 'JAL'));
      expect(await talk.user('how is the weather in Osaka?')).toEqual(called(['get_weather', { city: 'Osaka' }]));
      await talk.output('Sunny.');
      expect(await talk.user('thanks! the ANA one then')).toEqual(
        called(['answer_task', { call_id: 'book_flight_1', action: 'accept', content: { flight: 'ANA' } }]),
      );
    });

    test('is asked again when the answer is none', async () => {
      const talk = await asked(options, oneOf('ANA', 'Air France', 'JAL'));
      expect(await talk.user('purple')).toEqual(said(`Sorry, I didn't get that. ${options}`));
    });

    test('is answered once', async () => {
      const talk = await asked(options, oneOf('ANA', 'Air France', 'JAL'));
      await talk.user('ANA');
      await talk.output(textOf('answerRecorded', { callId: 'book_flight_1' }));
      expect((await talk.user('the second one')).calls).toEqual([]);
    });

    test.each<[string, string, object, JsonObject]>([
      [
        'Which one? 1) Morning, 90 EUR 2) Noon, 120 EUR 3) Evening, 70 EUR',
        'the cheapest',
        { choice: { type: 'integer' } },
        { choice: 3 },
      ],
      [
        'Which one? 1) Morning, 90 EUR 2) Noon, 120 EUR 3) Evening, 70 EUR',
        'noon',
        { choice: { type: 'integer' } },
        { choice: 2 },
      ],
      ['How many bags?', 'two', { bags: { type: 'integer' } }, { bags: 2 }],
      ['Window seat?', 'yes please', { window: { type: 'boolean' } }, { window: true }],
      ['Window seat?', 'no', { window: { type: 'boolean' } }, { window: false }],
      [
        'Where shall the ticket go?',
        'to ann@example.org',
        { email: { type: 'string', format: 'email' } },
        { email: 'ann@example.org' },
      ],
      ['What name shall be on the ticket?', 'Ann Lee', { name: { type: 'string' } }, { name: 'Ann Lee' }],
      ['Aisle or window?', 'window', { seat: { type: 'string' } }, { seat: 'window' }],
    ])('is answered by its schema: %s %s', async (message, words, properties, content) => {
      const talk = await asked(message, { type: 'object', properties, required: Object.keys(properties) });
      expect(await talk.user(words)).toEqual(
        called(['answer_task', { call_id: 'book_flight_1', action: 'accept', content }]),
      );
    });

    test('a yes to something else gives no leave', async () => {
      const talk = start();
      await talk.user('book a flight from Paris to Tokyo');
      await talk.output(question('<id>', textOf('approval', { functionName: 'book_flight', arguments: '{}' })));
      await talk.user('how is the weather in Rome?');
      await talk.output('Sunny.');
      expect((await talk.user('ok, thanks')).calls).toEqual([]);
      expect((await talk.user('yes, book the flight')).calls).toEqual([
        ['answer_task', { call_id: 'book_flight_1', action: 'accept', content: {} }],
      ]);
    });

    test('is not answered before it was asked', async () => {
      const talk = await booking();
      talk.record(
        'book_flight_1_update_1',
        question('book_flight_1', 'Window seat?', { type: 'object', properties: { window: { type: 'boolean' } } }),
      );
      expect((await talk.user('yes')).calls).toEqual([]);
    });

    test.each([
      ['yes, go ahead', { action: 'accept', content: {} }],
      ['no', { action: 'decline' }],
    ])('leave to begin: %s', async (words, answer) => {
      const talk = start();
      await talk.user('book a flight from Paris to Tokyo');
      const approval = textOf('approval', {
        functionName: 'book_flight',
        arguments: '{"origin":"Paris","destination":"Tokyo"}',
      });
      expect(await talk.output(question('<id>', approval))).toEqual(
        said('Before I start: shall I go ahead with the flight from Paris to Tokyo?'),
      );
      expect(await talk.user(words)).toEqual(called(['answer_task', { call_id: 'book_flight_1', ...answer }]));
    });
  });

  describe('a duplicate', () => {
    async function doubted(): Promise<Talk> {
      const talk = await booking();
      expect(await talk.user('book a flight from Paris to Tokyo')).toEqual(
        called(['book_flight', { origin: 'Paris', destination: 'Tokyo' }]),
      );
      const runningCalls = `- book_flight_1 book_flight({}): ${question('book_flight_1', options)}`;
      expect(await talk.output(textOf('duplicateConfirm', { functionName: 'book_flight', runningCalls }))).toEqual(
        said("I'm booking the flight from Paris to Tokyo already. Do you want a second one?"),
      );
      return talk;
    }

    test.each(['yes', 'Yes, please.', 'sure, go ahead', 'another one'])(
      'is confirmed only by the user: %s',
      async (words) => {
        const talk = await doubted();
        expect(await talk.user(words)).toEqual(
          called(['book_flight', { origin: 'Paris', destination: 'Tokyo', confirm_duplicate: true }]),
        );
      },
    );

    test('is left alone otherwise', async () => {
      const no = await doubted();
      expect(await no.user('no thanks')).toEqual(said("All right, I'll leave it at the one that is running."));
      const other = await doubted();
      expect(await other.user('weather in Rome?')).toEqual(called(['get_weather', { city: 'Rome' }]));
      await other.output('Sunny.');
      expect((await other.user('yes')).calls).toEqual([]);
    });
  });

  describe('news from the background', () => {
    const booked = JSON.stringify({ status: 'booked', flight: 'NH 216', departure: '10:15', confirmation: 'K7X2' });
    const inWords = 'The flight from Paris to Tokyo is booked: flight NH 216, departure 10:15, confirmation K7X2.';

    test('at tail is told, briefly', async () => {
      const talk = await booking();
      talk.record(
        'book_flight_1_update_1',
        progress('Found 3 options, comparing prices', 'book_flight', 'book_flight_1'),
      );
      expect(await talk.atTail('book_flight_1_update_1')).toEqual(
        said("The flight from Paris to Tokyo: I've found 3 options and I'm comparing prices."),
      );
      talk.record('book_flight_1_final', booked);
      expect(await talk.atTail('book_flight_1_final')).toEqual(said(inWords));
    });

    test('several are told in one answer, a question last', async () => {
      const talk = await booking();
      await talk.user('hotels in Tokyo');
      await talk.output(progress('Searching', 'search_hotels'));
      talk.record('book_flight_1_update_1', question('book_flight_1', 'Window seat?'));
      talk.record('search_hotels_2_final', 'No hotel is free.', true);
      expect(await talk.atTail('book_flight_1_update_1', 'search_hotels_2_final')).toEqual(
        said("Sorry, hotels in Tokyo didn't work out: no hotel is free. Window seat?"),
      );
    });

    test('maybe covered and said before: nothing at all', async () => {
      const talk = await booking();
      talk.record('book_flight_1_final', booked);
      await talk.atTail('book_flight_1_final');
      expect(await talk.covered(['book_flight_1_final'])).toEqual(said(''));
    });

    test('maybe covered and said in other words: nothing at all', async () => {
      const talk = await booking();
      talk.record('book_flight_1_final', booked);
      talk.heard(
        'By the way: your flight from Paris to Tokyo has been booked. You leave at 10:15 with flight NH 216; the confirmation, departure included, is K7X2.',
      );
      expect(await talk.covered(['book_flight_1_final'])).toEqual(said(''));
    });

    test('maybe covered and not said: it is told', async () => {
      const talk = await booking();
      talk.record('book_flight_1_final', booked);
      await talk.user('what are you?');
      expect(await talk.covered(['book_flight_1_final'])).toEqual(said(inWords));
    });

    test('cut off: only the rest', async () => {
      const talk = await booking();
      talk.record('book_flight_1_final', booked);
      const heard = 'The flight from Paris to Tokyo is booked: flight NH 216, dep';
      talk.heard(heard);
      expect(await talk.covered(['book_flight_1_final'], { heard })).toEqual(
        said('As I was saying: departure 10:15, confirmation K7X2.'),
      );
      expect(
        await talk.covered(['book_flight_1_final'], {
          heard: `${heard} As I was saying: departure 10:15, confirmation K7X2.`,
        }),
      ).toEqual(said(''));
    });

    test('of two, only the one that is new', async () => {
      const talk = await booking();
      talk.record('book_flight_1_final', booked);
      await talk.atTail('book_flight_1_final');
      await talk.user('weather in Rome');
      await talk.output(progress('Asking the weather station', 'get_weather'));
      talk.record('get_weather_2_final', 'Sunny in Rome.');
      expect(
        await talk.covered(['book_flight_1_final', 'get_weather_2_final'], { fresh: ['get_weather_2_final'] }),
      ).toEqual(said('Sunny in Rome.'));
    });

    test('can be asked for again', async () => {
      const talk = await booking();
      talk.record('book_flight_1_final', booked);
      await talk.atTail('book_flight_1_final');
      expect(await talk.user('what was the confirmation number again?')).toEqual(said(inWords));
      expect(await talk.user('when does the flight leave?')).toEqual(said(inWords));
    });

    test('of a call made before the context began', async () => {
      const talk = start();
      await talk.user('hello');
      talk.record('book_flight_9_final', 'Booked, confirmation K7X2');
      expect((await talk.atTail('book_flight_9_final')).text).toContain('confirmation K7X2');
      expect(await talk.covered(['book_flight_9_final'])).toEqual(said(''));
    });

    test('never calls a tool, whatever was said before', async () => {
      const talk = await booking();
      talk.record('book_flight_1_update_1', progress('Found one', 'book_flight', 'book_flight_1'));
      await talk.user('weather in Rome');
      expect((await talk.atTail('book_flight_1_update_1')).calls).toEqual([]);
    });
  });

  describe('small talk', () => {
    test('knows what is going on', async () => {
      const talk = await booking();
      expect(await talk.user('ok')).toEqual(said("I'm still booking the flight from Paris to Tokyo."));
      expect((await talk.user('thanks!')).text).toMatch(/^You're welcome!/);
    });

    test('an earlier word can be repeated', async () => {
      const talk = start();
      const { text: hello } = await talk.user('hi');
      expect(await talk.user('pardon?')).toEqual(said(hello));
    });
  });

  describe('what the application asks for', () => {
    test('a greeting, a question, a message', async () => {
      expect((await start().answer('Greet the user.')).text).toMatch(/^Hello! I can search for a flight/);
      expect(await start().answer('Ask the user for their e-mail address.')).toEqual(
        said('Could you tell me your e-mail address, please?'),
      );
      expect(await start().answer('Tell the user that the line is busy.')).toEqual(said('The line is busy.'));
      expect(await start().answer('Say "Welcome aboard!"')).toEqual(said('Welcome aboard!'));
    });

    test('a note about calls that still run is no word of the user', async () => {
      const talk = await booking();
      await talk.user('thanks');
      const note = textOf('runningCalls', { runningCalls: '- book_flight({"origin":"Rome"})' });
      expect((await talk.answer(`Ask the user for their e-mail address.\n\n${note}`)).text).toBe(
        'Could you tell me your e-mail address, please?',
      );
    });
  });
});
