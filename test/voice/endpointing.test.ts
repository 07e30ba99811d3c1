import { expect, test } from 'vitest';
import { endpointDelay, endpointingDefaults } from '../../src/voice/endpointing.ts';
import { bargeInDefaults, interrupts } from '../../src/voice/barge-in.ts';

test.each([
  'Book a flight.',
  'The cheapest one, please.',
  'the cheapest one',
  'yes',
  'What is the weather in Tokyo?',
  'Stop!',
])('after "%s" he is waited for shortly', (text) => {
  expect(endpointDelay(text, endpointingDefaults)).toBe(500);
});

test.each([
  'Book a flight from Paris to',
  'I want to go and...',
  'Well,',
  'from Paris to the',
  'um',
  'Book it and —',
  'I would like a…',
])('after "%s" more is to come', (text) => {
  expect(endpointDelay(text, endpointingDefaults)).toBe(2_000);
});

test('a longest delay below the shortest does not shorten it', () => {
  expect(endpointDelay('and', { minDelayMs: 700, maxDelayMs: 100 })).toBe(700);
});

test('only a voice that lasts interrupts, and only an agent that speaks and may be interrupted', () => {
  const talking = { voiceMs: 300, agentSpeaks: true, allowInterruptions: true };
  expect(interrupts(talking, bargeInDefaults)).toBe(true);
  expect(interrupts({ ...talking, voiceMs: 299 }, bargeInDefaults)).toBe(false);
  expect(interrupts({ ...talking, agentSpeaks: false }, bargeInDefaults)).toBe(false);
  expect(interrupts({ ...talking, allowInterruptions: false }, bargeInDefaults)).toBe(false);
});
