import { describe, expect, test } from 'vitest';
import type { Item, ModelRef } from '../../src/chat/items.ts';
import { viewTexts } from '../../src/tools/prompts.ts';
import { PromptView } from '../../src/chat/view.ts';
import { wireProfile } from '../../src/chat/wire-profile.ts';
import {
  assistant,
  batch,
  call,
  models,
  promptOf,
  record,
  sketch,
  system,
  text,
  thought,
  user,
  viewOf,
} from './view-support.ts';

const { nothing, noReply, noOutput, mark } = viewTexts();
const signed = (signature: string) => ({ anthropic: { signature } });
const { openaiChat, openaiResponses, unknown, mistral, anthropic, opus, google } = models;

describe('messages and batches', () => {
  test('a step is one assistant message, text first, and one tool message', () => {
    const items = [user('Hi'), assistant('Let me look.'), batch([call('c1'), call('c2')]), assistant('Two.')];
    expect(sketch(promptOf(google, [...items, user('Thanks')]))).toEqual([
      'user: Hi',
      'assistant: Let me look. | search(c1) | search(c2)',
      'tool: c1=found | c2=found',
      'assistant: Two.',
      'user: Thanks',
    ]);
  });

  test('consecutive texts of the assistant are one message of several parts', () => {
    const items = [user('Hi'), assistant('One.'), assistant('Two.'), user('Ok')];
    expect(sketch(promptOf(anthropic, items))[1]).toBe('assistant: One. | Two.');
  });

  test('a blank line goes between them where the package glues them together', () => {
    const items = [user('Hi'), assistant('One.'), assistant('Two.'), user('Ok')];
    expect(sketch(promptOf(openaiChat, items))[1]).toBe('assistant: One. | \n\nTwo.');
    expect(sketch(promptOf(openaiChat, [user('Hi'), assistant(['On', 'e.']), user('Ok')]))[1]).toBe(
      'assistant: On | e.',
    );
  });

  test('OpenAI Responses gets a message per step', () => {
    const items = [
      user('Hi'),
      assistant('One.'),
      assistant('Two.', { speechId: 's1' }),
      batch([call('c1')]),
      assistant('Three.'),
      record('c0_final'),
    ];
    expect(sketch(promptOf(openaiResponses, items))).toEqual([
      'user: Hi',
      'assistant: One.',
      'assistant: Two. | search(c1)',
      'tool: c1=found',
      'assistant: Three.',
      'assistant: search(c0_final)',
      'tool: c0_final=half way',
    ]);
  });

  test('a batch without calls is left out', () => {
    expect(sketch(promptOf(google, [user('Hi'), batch([])]))).toEqual(['user: Hi']);
  });

  test('input is always an object', () => {
    const broken = call('c1', { input: 'oops' as never });
    const [, called] = promptOf(openaiChat, [user('Hi'), batch([broken])]);
    expect(called?.content).toEqual([{ type: 'tool-call', toolCallId: 'c1', toolName: 'search', input: {} }]);
  });

  test('a name that no tool can have is made one', () => {
    const view = viewOf(openaiChat, [
      user('Hi'),
      batch([call('c1', { toolName: 'no such.tool' }), call('c2', { toolName: '' })]),
    ]);
    const { prompt, toolNames } = view.request();
    expect(sketch(prompt)[1]).toBe('assistant: no_such_tool(c1) | unnamed(c2)');
    expect([...toolNames]).toEqual(['no_such_tool', 'unnamed']);
  });
});

describe('what is empty', () => {
  test.each(['', ' ', '\n\t'])('a text of %j is left out, and so is a message of nothing else', (said) => {
    const items = [
      user(said),
      user('Hi', said),
      assistant(said),
      assistant([said, 'Hello.']),
      system(said),
      user('Ok'),
    ];
    expect(sketch(promptOf(anthropic, items))).toEqual(['user: Hi', 'assistant: Hello.', 'user: Ok']);
  });

  test('reasoning that nothing follows is left out with its message', () => {
    const said = assistant([thought('hm', signed('s')), text('', signed('s'))], { model: anthropic });
    expect(sketch(promptOf(anthropic, [user('Hi'), said]))).toEqual(['user: Hi']);
  });

  test('an empty output is said to be one: a bare one is refused, or lost on the way', () => {
    const empty = batch([
      call('c1', { output: { type: 'text', text: '' } }),
      call('c2', { output: { type: 'error', text: ' ' } }),
    ]);
    expect(sketch(promptOf(anthropic, [user('Hi'), empty]))[2]).toBe(`tool: c1=${noOutput} | c2=${noOutput}`);
  });

  test('Gemini gets a signature back on an empty text, others do not', () => {
    const said = assistant(['Hello.', text('', { google: { thoughtSignature: 'sig' } })], { model: google });
    expect(promptOf(google, [user('Hi'), said, user('Ok')])[1]?.content).toHaveLength(2);
    const other = assistant(['Hello.', text('', signed('sig'))], { model: anthropic });
    expect(promptOf(anthropic, [user('Hi'), other, user('Ok')])[1]?.content).toHaveLength(1);
  });
});

describe('what a background task told', () => {
  const items = [
    user('Hi'),
    assistant('Hello.'),
    record('c1_update_1'),
    record('c1_final', { output: { type: 'error', text: 'sold out' } }),
  ];

  test('is a call with its output, behind what the assistant said', () => {
    expect(sketch(promptOf(google, items))).toEqual([
      'user: Hi',
      'assistant: Hello. | search(c1_update_1)',
      'tool: c1_update_1=half way',
      'assistant: search(c1_final)',
      'tool: c1_final=sold out',
    ]);
  });

  test('is a marked note where the model may not be shown calls it did not make', () => {
    const [, , note] = sketch(promptOf(anthropic, items, {}, { background: 'notes' }));
    expect(note).toBe(`user: ${mark('search (call c1), update: half way')}`);
    expect(sketch(promptOf(anthropic, items, {}, { background: 'notes' }))[3]).toBe(
      `user: ${mark('search (call c1), result: Error: sold out')}`,
    );
  });

  test('that is empty is said to be so in a note too', () => {
    const silent = [user('Hi'), record('c1_final', { output: { type: 'text', text: '' } })];
    expect(sketch(promptOf(unknown, silent))[0]).toContain(`result: ${noOutput}`);
  });

  test('carries no metadata, and names its tool only as a call', () => {
    const [, said] = promptOf(google, items);
    expect(JSON.stringify(said)).not.toContain('providerOptions');
    expect([...viewOf(google, items).request().toolNames]).toEqual(['search']);
    expect([...viewOf(unknown, items).request().toolNames]).toEqual([]);
  });
});

describe('templates that demand alternation', () => {
  test('notes and what the user says next are one text', () => {
    const items = [user('Hi'), assistant('Hello.'), record('c1_final'), user('And?'), user('Hm.')];
    const prompt = promptOf(unknown, items);
    expect(prompt).toHaveLength(3);
    expect(prompt[2]?.content).toEqual([
      { type: 'text', text: `${mark('search (call c1), result: half way')}\n\nAnd?\n\nHm.` },
    ]);
  });

  test('an image stays a part of its own', () => {
    const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const;
    const prompt = promptOf(unknown, [user('Look', image, 'here'), user('and here')]);
    expect(prompt[0]?.content).toMatchObject([{ text: 'Look' }, { type: 'file' }, { text: 'here\n\nand here' }]);
  });

  test('an assistant message stands between an output and the user', () => {
    const items = [user('Hi'), batch([call('callcall1')]), user('Wait.')];
    expect(sketch(promptOf(mistral, items)).slice(2)).toEqual([
      'tool: callcall1=found',
      `assistant: ${noReply}`,
      'user: Wait.',
    ]);
  });

  test('other APIs are told the same without it', () => {
    const items = [user('Hi'), batch([call('c1')]), user('Wait.'), user('Go.')];
    expect(sketch(promptOf(openaiChat, items)).slice(2)).toEqual(['tool: c1=found', 'user: Wait.', 'user: Go.']);
  });
});

describe('where a prompt begins and ends', () => {
  test.each(Object.entries(models))('%s: a prompt is never the system prompt alone', (_name, model) => {
    expect(sketch(promptOf(model, [], { system: 'S' }))).toEqual(['system: S', `user: ${nothing}`]);
    expect(promptOf(model, [], { system: 'S', late: 'Greet.' }).some(({ role }) => role === 'user')).toBe(true);
  });

  test.each(Object.entries(models))('%s: a prompt never ends with what the assistant said', (_name, model) => {
    expect(sketch(promptOf(model, [user('Hi'), assistant('Hello.')])).at(-1)).toBe(`user: ${nothing}`);
  });

  test('it begins with a user where the API wants one', () => {
    const items = [assistant('Hello.'), user('Hi')];
    expect(sketch(promptOf(anthropic, items, { system: 'S' }))).toEqual([
      'system: S',
      `user: ${nothing}`,
      'assistant: Hello.',
      'user: Hi',
    ]);
    expect(sketch(promptOf(openaiChat, items))).toEqual(['assistant: Hello.', 'user: Hi']);
  });

  test('a blank system prompt is none', () => {
    expect(sketch(promptOf(anthropic, [user('Hi')], { system: ' ' }))).toEqual(['user: Hi']);
  });
});

describe('the instruction of one request', () => {
  const called = [user('Hi'), batch([call('c1')])];
  const spoken = [...called, assistant('Two.')];
  const ask = { system: 'S', notes: ['Running: book.'], late: 'Tell it.' };
  const told = 'Running: book.\n\nTell it.';

  test('is a system message at the end', () => {
    expect(sketch(promptOf(openaiChat, called, ask)).slice(3)).toEqual(['tool: c1=found', `system: ${told}`]);
    expect(sketch(promptOf(openaiChat, spoken, ask)).slice(4)).toEqual(['assistant: Two.', `system: ${told}`]);
  });

  test('follows a user or an output where a system message must', () => {
    expect(sketch(promptOf(opus, spoken, ask)).slice(4)).toEqual([
      'assistant: Two.',
      `user: ${nothing}`,
      `system: ${told}`,
    ]);
  });

  test("is the user's where it would be the only system message, and so the standing one", () => {
    expect(sketch(promptOf(opus, called, { late: 'Tell it.' })).at(-1)).toBe(`user: ${mark('Tell it.')}`);
  });

  test('is a marked user message', () => {
    expect(sketch(promptOf(google, called, ask)).at(-1)).toBe(`user: ${mark(told)}`);
    expect(sketch(promptOf(google, spoken, ask)).at(-1)).toBe(`user: ${mark(told)}`);
  });

  test('is folded into the last output, the last user message, or a user message of its own', () => {
    expect(sketch(promptOf(unknown, called, ask)).at(-1)).toBe(`tool: c1=found\n\n${mark(told)}`);
    expect(sketch(promptOf(unknown, [user('Hi')], ask)).at(-1)).toBe(`user: Hi\n\n${mark(told)}`);
    expect(sketch(promptOf(unknown, spoken, ask)).at(-1)).toBe(`user: ${mark(told)}`);
    expect(sketch(promptOf(google, [user('Hi')], ask, { late: 'fold' })).at(-1)).toBe(`user: Hi | ${mark(told)}`);
  });

  test('is not kept', () => {
    const view = viewOf(unknown, called);
    const before = JSON.stringify(view.request());
    view.request(ask);
    expect(JSON.stringify(view.request())).toBe(before);
  });

  test('blank ones say nothing', () => {
    expect(sketch(promptOf(google, called, { notes: [' '], late: '' })).at(-1)).toBe('tool: c1=found');
  });
});

test('a system message of the context stands as such, or marked in a user message', () => {
  const items = [user('Hi'), system('Be brief.'), assistant('Ok.'), user('And?')];
  expect(sketch(promptOf(openaiChat, items))[1]).toBe('system: Be brief.');
  expect(sketch(promptOf(openaiChat, items.slice(0, 2))).at(-1)).toBe('system: Be brief.');
  expect(sketch(promptOf(openaiChat, items.slice(1, 2))).at(-1)).toBe(`user: ${nothing}`);
  expect(sketch(promptOf(opus, items))[1]).toBe(`user: ${mark('Be brief.')}`);
  expect(sketch(promptOf(unknown, items))[0]).toBe(`user: Hi\n\n${mark('Be brief.')}`);
});

describe('ids', () => {
  test('a call and its output have the same one', () => {
    const items = [
      user('Hi'),
      batch([call('ours', { wireId: 'theirs' }), call('b/c'.repeat(9), { wireId: 'theirs' })]),
    ];
    const [, called, answered] = promptOf(openaiChat, items);
    const ids = (content: unknown) => (content as { toolCallId: string }[]).map(({ toolCallId }) => toolCallId);
    expect(ids(called?.content)).toEqual(ids(answered?.content));
    expect(ids(called?.content)[0]).toBe('theirs');
    expect(new Set(ids(called?.content)).size).toBe(2);
  });

  test('Mistral gets nine alphanumerics', () => {
    const [, called] = sketch(promptOf(mistral, [user('Hi'), batch([call('call_1'), call('abcdefgh9')])]));
    expect(called).toMatch(/^assistant: search\([A-Za-z0-9]{9}\) \| search\(abcdefgh9\)$/);
  });
});

test('an error has its own field, or a prefix', () => {
  const items = [user('Hi'), batch([call('c1', { output: { type: 'error', text: 'sold out' } })])];
  expect(promptOf(openaiChat, items)[2]?.content).toMatchObject([
    { output: { type: 'error-text', value: 'sold out' } },
  ]);
  expect(promptOf(unknown, items)[2]?.content).toMatchObject([{ output: { type: 'text', value: 'Error: sold out' } }]);
});

describe('metadata', () => {
  const made = (model: ModelRef) => [
    user('Hi'),
    assistant([thought('hm', signed('1')), text('Hello.', { anthropic: { citations: [] } })], { model }),
    user('Flights.'),
    batch([call('c1', { providerMetadata: { anthropic: { caller: 'x' } } })], {
      model,
      reasoning: [thought('so', signed('2'))],
    }),
  ];

  test('goes back to the model that made it', () => {
    const prompt = promptOf(anthropic, made(anthropic));
    expect(prompt[1]?.content).toEqual([
      { type: 'reasoning', text: 'hm', providerOptions: signed('1') },
      { type: 'text', text: 'Hello.', providerOptions: { anthropic: { citations: [] } } },
    ]);
    expect(prompt[3]?.content).toMatchObject([
      { type: 'reasoning', text: 'so', providerOptions: signed('2') },
      { type: 'tool-call', providerOptions: { anthropic: { caller: 'x' } } },
    ]);
  });

  test.each([
    ['another provider', { provider: 'openai.chat', modelId: 'claude-haiku-4-5' }],
    [
      "another model of Anthropic's, whose signatures are its own",
      { provider: 'anthropic.messages', modelId: 'claude-opus-4-8' },
    ],
  ])('does not come from %s, and neither does reasoning', (_name, model) => {
    const prompt = promptOf(anthropic, made(model));
    expect(JSON.stringify(prompt)).not.toMatch(/providerOptions|reasoning/);
    expect(sketch(prompt)[1]).toBe('assistant: Hello.');
  });

  test('goes back to any model of OpenAI', () => {
    const said = assistant([text('Hello.', { openai: { itemId: 'msg_1' } })], {
      model: { ...openaiResponses, modelId: 'o3' },
    });
    expect(JSON.stringify(promptOf(openaiResponses, [user('Hi'), said, user('Ok')]))).toContain('msg_1');
  });

  test("does not go with what was cut, nor with what nobody's model said", () => {
    const parts = [thought('hm', { openai: { itemId: 'rs_1' } }), text('Hel', { openai: { itemId: 'msg_1' } })];
    for (const said of [assistant(parts, { model: openaiResponses, cut: true }), assistant(parts)]) {
      const prompt = promptOf(openaiResponses, [user('Hi'), said, user('Ok')]);
      expect(JSON.stringify(prompt)).not.toMatch(/itemId|reasoning/);
      expect(sketch(prompt)[1]).toBe('assistant: Hel');
    }
  });

  test('an unsigned thought is none to Anthropic, and one to a compatible server', () => {
    const said = (model: ModelRef) => [user('Hi'), assistant([thought('hm'), 'Hello.'], { model }), user('Ok')];
    expect(sketch(promptOf(anthropic, said(anthropic)))[1]).toBe('assistant: Hello.');
    expect(sketch(promptOf(unknown, said(unknown)))[1]).toBe('assistant: <hm> | Hello.');
    expect(sketch(promptOf(mistral, said(mistral)))[1]).toBe('assistant: Hello.');
  });
});

describe('reasoning stands first in a step', () => {
  const thinks = (model: ModelRef, speechId = 's1') =>
    batch([call('c1')], { model, speechId, reasoning: [thought('hm', signed('1'))] });
  const saysIt = (model: ModelRef) => assistant('Let me look.', { model, speechId: 's1' });

  test.each([
    ['Anthropic', anthropic],
    ['Google', google],
    ['OpenAI Responses', openaiResponses],
  ])('%s: in front of the text of its own step', (_name, model) => {
    const items = [user('Hi'), saysIt(model), thinks(model)];
    expect(sketch(promptOf(model, items))[1]).toBe('assistant: <hm> | Let me look. | search(c1)');
  });

  test('Anthropic: what else the assistant said is another turn', () => {
    const items = [user('Hi'), assistant('One moment.'), thinks(anthropic)];
    expect(sketch(promptOf(anthropic, items)).slice(1, 4)).toEqual([
      'assistant: One moment.',
      `user: ${nothing}`,
      'assistant: <hm> | search(c1)',
    ]);
  });

  test('Anthropic: and so is what another speech said right before', () => {
    const items = [user('Hi'), assistant('One moment.', { speechId: 's0' }), thinks(anthropic)];
    expect(sketch(promptOf(anthropic, items))[3]).toBe('assistant: <hm> | search(c1)');
  });

  test('Anthropic: a text of the step that something else has followed stays in front of that', () => {
    const items = [user('Hi'), saysIt(anthropic), assistant('One moment.'), thinks(anthropic)];
    expect(sketch(promptOf(anthropic, items)).slice(1, 4)).toEqual([
      'assistant: Let me look. | One moment.',
      `user: ${nothing}`,
      'assistant: <hm> | search(c1)',
    ]);
  });

  test('a compatible server has a field of its own for it: the texts stay', () => {
    const items = [user('Hi'), assistant('One moment.'), saysIt(unknown), thinks(unknown)];
    expect(sketch(promptOf(unknown, items))[1]).toBe('assistant: One moment. | \n\nLet me look. | <hm> | search(c1)');
  });

  test('Anthropic: also in front of the text of the step', () => {
    const items = [user('Hi'), assistant('One moment.'), saysIt(anthropic), thinks(anthropic)];
    expect(sketch(promptOf(anthropic, items)).slice(1, 4)).toEqual([
      'assistant: One moment.',
      `user: ${nothing}`,
      'assistant: <hm> | Let me look. | search(c1)',
    ]);
  });

  test('Anthropic: and where a message brings it', () => {
    const said = assistant([thought('hm', signed('1')), 'Hello.'], { model: anthropic });
    expect(sketch(promptOf(anthropic, [user('Hi'), assistant('One moment.'), said, user('Ok')]))).toEqual([
      'user: Hi',
      'assistant: One moment.',
      `user: ${nothing}`,
      'assistant: <hm> | Hello.',
      'user: Ok',
    ]);
  });

  test('Google: it may stand behind what was said before', () => {
    const items = [user('Hi'), assistant('One moment.'), saysIt(google), thinks(google)];
    expect(sketch(promptOf(google, items))[1]).toBe('assistant: One moment. | <hm> | Let me look. | search(c1)');
  });

  test.each([
    ['Anthropic', anthropic, ['assistant: Let me look.', `user: ${nothing}`, 'assistant: <hm> | search(c1)']],
    ['Google', google, ['assistant: Let me look. | <hm> | search(c1)', 'tool: c1=found']],
  ])('%s: a text that a request has seen stays where it is', (_name, model, expected) => {
    const items: Item[] = [user('Hi'), saysIt(model)];
    const view = viewOf(model, items);
    view.request();
    items.push(thinks(model));
    view.sync(items);
    expect(sketch(view.request().prompt).slice(1, 1 + expected.length)).toEqual(expected);
  });

  test('a step whose message brings its own goes on behind it', () => {
    const said = assistant([thought('first', signed('0')), 'Let me look.'], { model: anthropic, speechId: 's1' });
    expect(sketch(promptOf(anthropic, [user('Hi'), said, thinks(anthropic)]))[1]).toBe(
      'assistant: <first> | Let me look. | <hm> | search(c1)',
    );
  });

  test('a text that was cut stands behind it for Anthropic, in front of it for OpenAI, whose reasoning wants its own item', () => {
    const cut = (model: ModelRef) => assistant('Let me', { model, speechId: 's1', cut: true });
    expect(sketch(promptOf(anthropic, [user('Hi'), cut(anthropic), thinks(anthropic)]))[1]).toBe(
      'assistant: <hm> | Let me | search(c1)',
    );
    expect(sketch(promptOf(openaiResponses, [user('Hi'), cut(openaiResponses), thinks(openaiResponses)]))[1]).toBe(
      'assistant: Let me | <hm> | search(c1)',
    );
  });
});

describe('thinking by a budget', () => {
  const model = { provider: 'anthropic.messages', modelId: 'claude-sonnet-4-5' };
  const settings = { providerOptions: { anthropic: { thinking: { type: 'enabled' } } } };
  const budget = (...items: Item[]): string[] => {
    const view = new PromptView({ profile: wireProfile(model, undefined, settings), model, texts: viewTexts() });
    view.sync(items);
    return sketch(view.request().prompt);
  };
  const reasoned = batch([call('c1')], { model, reasoning: [thought('hm', signed('1'))] });

  test('calls of a turn that did not begin with reasoning are a note', () => {
    const foreign = batch([call('c2'), call('c3', { output: { type: 'error', text: 'sold out' } })]);
    expect(budget(user('Hi'), foreign)).toEqual([
      'user: Hi',
      `user: ${mark('search (call c2), called with {"city":"Tokyo"}: found\nsearch (call c3), called with {"city":"Tokyo"}: Error: sold out')}`,
    ]);
    expect(budget(user('Hi'), reasoned, user('More'), batch([call('c2')], { model }))).toHaveLength(5);
  });

  test('further steps of the same turn stay calls: the model thinks once a turn', () => {
    expect(budget(user('Hi'), reasoned, batch([call('c2')], { model })).slice(3)).toEqual([
      'assistant: search(c2)',
      'tool: c2=found',
    ]);
  });

  test('further steps of another model do not', () => {
    expect(budget(user('Hi'), reasoned, batch([call('c2')])).at(-1)).toMatch(/^user: /);
  });
});

describe('images', () => {
  const file = (image: object) =>
    promptOf(openaiChat, [user({ type: 'image', mediaType: 'image/png', ...image } as const)])[0]?.content;

  test('are files, by URL or by their bytes', () => {
    expect(file({ url: 'https://example.com/a.png' })).toEqual([
      { type: 'file', mediaType: 'image/png', data: { type: 'url', url: new URL('https://example.com/a.png') } },
    ]);
    const bytes = [{ type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AAAA' } }];
    expect(file({ data: 'AAAA' })).toEqual(bytes);
    expect(file({ url: 'data:image/png;base64,AAAA' })).toEqual(bytes);
  });

  test('without either they are left out', () => {
    expect(
      sketch(promptOf(openaiChat, [user('Hi', { type: 'image', mediaType: 'image/png', url: 'no url' })])),
    ).toEqual(['user: Hi']);
  });

  test("the assistant's go back to its own model only, by their bytes", () => {
    const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const;
    const said = (model: ModelRef) => [user('Hi'), assistant(['Here.', image], { model }), user('Ok')];
    expect(sketch(promptOf(google, said(google)))[1]).toBe('assistant: Here. | file');
    expect(sketch(promptOf(google, said(anthropic)))[1]).toBe('assistant: Here.');
  });
});

describe('from an item on', () => {
  test('what came before is not in the prompt, nor among the names', () => {
    const items = [
      user('Hi'),
      batch([call('c1', { toolName: 'book' })]),
      assistant('Done.'),
      user('Thanks'),
      batch([call('c2')]),
    ];
    const view = viewOf(google, items);
    expect(sketch(view.request({ from: 3 }).prompt)).toEqual([
      'user: Thanks',
      'assistant: search(c2)',
      'tool: c2=found',
    ]);
    expect([...view.request({ from: 4 }).toolNames]).toEqual(['search']);
    expect([...view.request().toolNames]).toEqual(['book', 'search']);
    view.sync([...items, record('c3_final', { toolName: 'pay' })]);
    expect([...view.request().toolNames]).toEqual(['book', 'search', 'pay']);
  });

  test('a message of several items is cut', () => {
    const items = [user('Hi'), assistant('One.'), assistant('Two.'), record('c1_final'), user('Ok')];
    expect(sketch(viewOf(google, items).request({ from: 2 }).prompt).slice(0, 2)).toEqual([
      `user: ${nothing}`,
      'assistant: Two. | search(c1_final)',
    ]);
    expect(sketch(viewOf(google, items).request({ from: 3 }).prompt)[1]).toBe('assistant: search(c1_final)');
    expect(sketch(viewOf(google, items).request().prompt)[1]).toBe('assistant: One. | Two. | search(c1_final)');
  });

  test('a text of several items is cut', () => {
    const view = viewOf(unknown, [user('One'), user('Two'), user('Three')]);
    expect(sketch(view.request({ from: 1 }).prompt)).toEqual(['user: Two\n\nThree']);
    expect(sketch(view.request({ from: 2 }).prompt)).toEqual(['user: Three']);
  });

  test('a step stays whole', () => {
    const items = [
      user('Hi'),
      assistant('Look.', { model: anthropic, speechId: 's1' }),
      batch([call('c1')], { model: anthropic, reasoning: [thought('hm', signed('1'))] }),
    ];
    expect(sketch(viewOf(anthropic, items).request({ from: 2 }).prompt)[1]).toBe(
      'assistant: <hm> | Look. | search(c1)',
    );
  });

  test('a step that has moved is found where it is', () => {
    const items = [
      user('Hi'),
      assistant('One moment.'),
      assistant('Look.', { model: anthropic, speechId: 's1' }),
      batch([call('c1')], { model: anthropic, reasoning: [thought('hm', signed('1'))] }),
    ];
    const view = viewOf(anthropic, items);
    for (const from of [2, 3]) {
      expect(sketch(view.request({ from }).prompt)[1]).toBe('assistant: <hm> | Look. | search(c1)');
    }
    expect(sketch(view.request({ from: 1 }).prompt)[1]).toBe('assistant: One moment.');
  });

  test('an item that is left out begins with the next one', () => {
    const items = [user('Hi'), user(' '), user('Two'), user('')];
    expect(sketch(viewOf(unknown, items).request({ from: 1 }).prompt)).toEqual(['user: Two']);
    expect(sketch(viewOf(unknown, items).request({ from: 3 }).prompt)).toEqual([`user: ${nothing}`]);
  });
});

describe('the view grows with its context', () => {
  /** Items that count how often their content is read. */
  function counted(count: number): { items: Item[]; reads: () => number } {
    let reads = 0;
    const items = Array.from({ length: count }, (_, index): Item => {
      const item = index % 2 === 0 ? user(`user ${String(index)}`) : assistant(`assistant ${String(index)}`);
      const { parts } = item;
      return Object.defineProperty({ ...item }, 'parts', { get: () => ((reads += 1), parts) });
    });
    return { items, reads: () => reads };
  }

  test('each item is encoded once, and a request encodes none', () => {
    const { items, reads } = counted(1000);
    const view = viewOf(openaiChat, items.slice(0, 999));
    const once = reads();
    view.request({ system: 'S', late: 'now' });
    view.sync(items.slice(0, 999));
    expect(reads()).toBe(once);
    view.sync(items);
    expect(reads() - once).toBe(once / 999);
  });

  test('requests share the prepared messages and nothing else', () => {
    const view = viewOf(openaiChat, [user('Hi'), assistant('Hello.'), user('Ok')]);
    const one = view.request().prompt;
    const two = view.request().prompt;
    expect(one).not.toBe(two);
    expect(one[0]).toBe(two[0]);
    one.length = 0;
    expect(view.request().prompt).toHaveLength(3);
  });

  test('only up to a position, and never back', () => {
    const items = [user('Hi'), assistant('Hello.'), user('Ok')];
    const view = viewOf(openaiChat, []);
    view.sync(items, 1);
    expect(sketch(view.request().prompt)).toEqual(['user: Hi']);
    view.sync(items);
    expect(view.request().prompt).toHaveLength(3);
    expect(() => view.sync(items, 2)).toThrow(RangeError);
  });
});

test('texts can be replaced one by one', () => {
  const view = viewOf(anthropic, [assistant('Hello.')], undefined, { nothing: '…' });
  expect(sketch(view.request({ late: 'now' }).prompt)).toEqual([
    'user: …',
    'assistant: Hello.',
    `user: ${mark('now')}`,
  ]);
});
