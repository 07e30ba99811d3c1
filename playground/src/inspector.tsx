/** Every record and event as it came, and what models were sent and answered. */
import { computed, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { clockText, durationText } from './clock.ts';
import { story } from './conversation-store.ts';

type Tab = 'events' | 'model';

const tab = signal<Tab>('events');
const filter = signal('');
const chosen = signal<string | undefined>(undefined);
const isOpen = signal(false);

interface Row {
  readonly key: string;
  readonly at: number;
  readonly type: string;
  readonly brief: string;
  readonly detail: unknown;
}

const rows = computed((): Row[] => {
  const { entries, modelCalls } = story.value;
  const all =
    tab.value === 'events'
      ? entries.map(({ key, at, type, detail }) => ({ key, at, type, brief: brief(detail), detail }))
      : modelCalls.map(({ id, at, endedAt, model, request, answer }) => ({
          key: id,
          at,
          type: model,
          brief: endedAt === undefined ? 'is answering' : `answered in ${durationText(endedAt - at)}`,
          detail: { request, answer },
        }));
  const wanted = filter.value.trim().toLowerCase();
  const fits = (row: Row): boolean => wanted === '' || `${row.type} ${row.brief}`.toLowerCase().includes(wanted);
  return all.filter(fits).toReversed();
});

/** What one looks for first: which call, which speech, which words. */
function brief(detail: unknown): string {
  const { callId, speechId, agent, message, receipt, state, reason } = detail as Readonly<Record<string, unknown>>;
  const words = typeof message === 'string' ? message : undefined;
  return [callId ?? speechId, state, receipt, reason, agent, words]
    .filter((part) => typeof part === 'string')
    .join(' · ');
}

export function Inspector(): JSX.Element {
  return (
    <section class="inspector" aria-label="Inspector">
      <div class="lanes-head">
        <h2>
          <button
            type="button"
            class="quiet"
            aria-expanded={isOpen.value}
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            {isOpen.value ? '▾' : '▸'} Inspector
          </button>
        </h2>
        {isOpen.value && (
          <div class="controls" role="tablist">
            <Choose name="events" text={`Events ${String(story.value.entries.length)}`} />
            <Choose name="model" text={`Model calls ${String(story.value.modelCalls.length)}`} />
            <input
              aria-label="Filter"
              placeholder="Filter"
              value={filter.value}
              onInput={(event) => (filter.value = event.currentTarget.value)}
            />
          </div>
        )}
      </div>
      {isOpen.value && (
        <div class="inspector-body">
          <Rows />
          <Detail />
        </div>
      )}
    </section>
  );
}

function Choose({ name, text }: { readonly name: Tab; readonly text: string }): JSX.Element {
  return (
    <button
      type="button"
      role="tab"
      class="quiet"
      aria-selected={tab.value === name}
      onClick={() => (tab.value = name)}
    >
      {text}
    </button>
  );
}

function Rows(): JSX.Element {
  const from = story.value.startedAt ?? 0;
  return (
    <ul>
      {rows.value.slice(0, 300).map(({ key, at, type, brief: words }) => (
        <li key={key}>
          <button
            type="button"
            class={key === chosen.value ? 'row chosen' : 'row'}
            onClick={() => (chosen.value = key)}
          >
            <time>{clockText(at - from)}</time> <b>{type}</b> <span class="muted">{words}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Detail(): JSX.Element {
  const row = rows.value.find(({ key }) => key === chosen.value);
  return <pre>{row ? JSON.stringify(row.detail, undefined, 2) : 'Choose a line to see all of it.'}</pre>;
}
