/** What was said, and what is being said now. */
import { Fragment, type JSX } from 'preact';
import { clockText, durationText } from './clock.ts';
import { story, welcome } from './conversation-store.ts';
import type { Line, Restart } from './story.ts';

export function Conversation(): JSX.Element {
  const { lines, saying, hearing, agent, restarts, isShortened } = story.value;
  const isEmpty = lines.length === 0 && !saying && hearing === undefined;
  return (
    <section class="conversation" aria-label="Conversation">
      <div class="lines" aria-live="polite">
        {welcome.value?.note && <p class="note">{welcome.value.note}</p>}
        {isEmpty && (
          <p class="hint">
            Say or write something, for example <q>Book me a flight from Paris to Tokyo</q>, and then ask for the
            weather while it is being booked.
          </p>
        )}
        {isShortened && <p class="note">What was said first is not kept any more.</p>}
        {lines.map((line, index) => (
          <Fragment key={line.id}>
            <Restarts restarts={restarts.filter(({ afterLines }) => afterLines === index)} />
            <Said line={line} />
          </Fragment>
        ))}
        <Restarts restarts={restarts.filter(({ afterLines }) => afterLines === lines.length)} />
        {hearing !== undefined && (
          <div class="line user live">
            <span class="who">You</span>
            <p>{hearing}</p>
          </div>
        )}
        {saying && (
          <div class="line agent live">
            <span class="who">Agent</span>
            <p>{saying.text}</p>
          </div>
        )}
        {!saying && agent.state === 'thinking' && <p class="thinking">thinking</p>}
      </div>
    </section>
  );
}

function Restarts({ restarts }: { readonly restarts: readonly Restart[] }): JSX.Element {
  return (
    <>
      {restarts.map(({ from, to }) => (
        <p class="restart" key={to}>
          The process ended here. Another went on, {durationText(to - from)} later.
        </p>
      ))}
    </>
  );
}

function Said({ line: { who, text, at, cut } }: { readonly line: Line }): JSX.Element {
  const from = story.value.startedAt ?? at;
  return (
    <div class={`line ${who}`}>
      <span class="who">
        {who === 'user' ? 'You' : 'Agent'} <time>{clockText(at - from)}</time>
      </span>
      <p>
        {text}
        {cut && (
          <span class="cut" title="Interrupted here">
            {' '}
            — interrupted
          </span>
        )}
      </p>
    </div>
  );
}
