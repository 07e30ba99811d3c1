import { expect, test } from 'vitest';
import { activityDefaults, isSpeech, nextActivity, silence, type Activity } from '../../src/voice/activity-rules.ts';

/** What it is after each of the windows of 50 ms. */
function types(probabilities: readonly number[]): string[] {
  let now: Activity = silence;
  return probabilities.map((probability) => {
    now = nextActivity(now, probability, 50, activityDefaults);
    return now.type;
  });
}

test('speech begins after minSpeechMs of voice and ends after minSilenceMs without', () => {
  expect(types([0.1, 0.6, 0.6, 0.6])).toEqual(['silence', 'perhaps', 'speech', 'speech']);
  expect(types([0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]).slice(1)).toEqual([
    'speech',
    'pause',
    'pause',
    'pause',
    'pause',
    'pause',
    'silence',
    'silence',
  ]);
});

test('a click is no speech', () => {
  expect(types([0.9, 0.1, 0.9, 0.1])).toEqual(['perhaps', 'silence', 'perhaps', 'silence']);
});

test('between the two thresholds it stays what it is', () => {
  expect(types([0.4, 0.4])).toEqual(['silence', 'silence']);
  expect(types([0.6, 0.4, 0.4, 0.4])).toEqual(['perhaps', 'speech', 'speech', 'speech']);
  // A pause is over only with a voice that would begin speech.
  expect(types([0.9, 0.9, 0.1, 0.4, 0.6])).toEqual(['perhaps', 'speech', 'pause', 'pause', 'speech']);
});

test('a pause counts as a part of the voice, and begins anew after the next word', () => {
  let now: Activity = silence;
  for (const each of [1, 1, 0, 0, 0, 0, 0, 1, 0]) now = nextActivity(now, each, 50, activityDefaults);
  expect(now).toEqual({ type: 'pause', voiceMs: 450, silentMs: 50 });
  expect(isSpeech(now)).toBe(true);
});
