/** Where the user writes, and switches from text to voice. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { client, link, story, welcome } from './conversation-store.ts';
import { level, sound, soundProblem, switchOff, switchOn } from './sound.ts';

/** What the server takes. */
const longestText = 20_000;

const draft = signal('');

function send(event: Event): void {
  event.preventDefault();
  const text = draft.value.trim();
  if (text === '' || !client.sendText(text)) return;
  draft.value = '';
}

export function Composer(): JSX.Element {
  const isOpen = link.value.type === 'open';
  return (
    <form class="composer" onSubmit={send}>
      <VoiceSwitch />
      <input
        aria-label="Message"
        autofocus
        autocomplete="off"
        maxLength={longestText}
        placeholder={isOpen ? 'Write a message' : 'Waiting for the server'}
        value={draft.value}
        onInput={(event) => (draft.value = event.currentTarget.value)}
      />
      {story.value.agent.state === 'speaking' && (
        <button type="button" class="quiet" onClick={() => client.interrupt()}>
          Stop
        </button>
      )}
      <button type="submit" disabled={!isOpen || draft.value.trim() === ''}>
        Send
      </button>
    </form>
  );
}

function VoiceSwitch(): JSX.Element {
  const can = welcome.value?.sound;
  const hasVoice = (can?.hears ?? false) || (can?.speaks ?? false);
  const isOn = sound.value !== 'off';
  const reason = soundProblem.value ?? (hasVoice ? undefined : can?.problem);
  return (
    <>
      <button
        type="button"
        class={`voice ${isOn ? 'on' : ''}`}
        aria-pressed={isOn}
        disabled={!hasVoice}
        title={reason ?? (isOn ? 'Switch to text' : 'Switch to voice')}
        onClick={() => void (isOn ? switchOff() : switchOn())}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <rect x="9" y="3" width="6" height="11" rx="3" />
          <path d="M5 11a7 7 0 0 0 14 0M12 18v3" />
        </svg>
        Voice
      </button>
      {isOn && <meter class="level" aria-label="Microphone level" min={0} max={1} value={Math.sqrt(level.value)} />}
    </>
  );
}

/** Why there is no voice, where the user would look for it. */
export function VoiceProblem(): JSX.Element | null {
  const can = welcome.value?.sound;
  const problem = soundProblem.value ?? (can && !can.hears && !can.speaks ? can.problem : undefined);
  return problem ? (
    <p class="voice-problem" role="status">
      {problem}
    </p>
  ) : null;
}
