/** How the connection and the agent are, and what went wrong last. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CloseReason, LinkState } from '../../src/client/index.ts';
import { beginAnew, client, link, story, welcome } from './conversation-store.ts';

const closings: Readonly<Record<CloseReason, string>> = {
  protocol: 'The server and this page do not understand each other.',
  unauthorized: 'The address has no valid token. Open the one that the terminal shows.',
  version: 'The page is older than the server. Reload it.',
  tooSlow: 'The page did not read what it was sent, so the server let it go. Nothing is lost.',
  tooMuch: 'The page sent more than the server takes.',
  replaced: 'The conversation goes on in another window.',
  over: 'The conversation is over. Reload the page to begin another.',
  busy: 'The server has as many connections as it takes: close another page, or raise maxConnections.',
  failed: 'The agent could not be started; the terminal says why.',
  reload: 'The agent was changed.',
  away: 'The server was ended. The conversation is kept and goes on when the server is started again.',
};

const dismissed = signal(0);

export function Status(): JSX.Element {
  const { agent, user } = story.value;
  const { type } = link.value;
  return (
    <header>
      <h1>meanwhile</h1>
      <span class={`pill ${type}`}>{type === 'open' ? 'connected' : type === 'closed' ? 'closed' : 'connecting'}</span>
      {type === 'open' && (
        <>
          <span class={`pill state-${agent.state}`}>
            {agent.name ?? 'agent'}: {agent.state}
          </span>
          <span class={`pill user-${user}`}>you: {user}</span>
          {welcome.value?.kept && (
            <button type="button" class="quiet anew" onClick={beginAnew}>
              New conversation
            </button>
          )}
        </>
      )}
    </header>
  );
}

/** A connection that comes back at once is not, unless the server said what was wrong. */
function isWorthAWord(state: Extract<LinkState, { readonly attempt: number }>): boolean {
  if (state.reason !== undefined && state.reason !== 'reload') return true;
  return state.attempt > 0 && !(state.type === 'connecting' && state.attempt === 1);
}

export function Banner(): JSX.Element | null {
  const state = link.value;
  if (state.type === 'closed') {
    const text = state.reason ? closings[state.reason] : 'The connection was closed.';
    return (
      <div class="banner error" role="alert">
        <p>
          {text} {state.reason === 'protocol' && state.detail}
        </p>
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    );
  }
  if (state.type !== 'open' && isWorthAWord(state)) {
    return (
      <div class="banner warning" role="status">
        <p>
          {state.reason ? closings[state.reason] : 'The server does not answer. Is it running? Nothing is lost.'} Trying
          again.
        </p>
        <button type="button" onClick={() => client.retry()}>
          Try now
        </button>
      </div>
    );
  }
  const { problem } = story.value;
  if (!problem || problem.at <= dismissed.value) return null;
  return (
    <div class="banner error" role="alert">
      <p>
        <strong>{problem.source}</strong> {problem.message}
      </p>
      <button type="button" onClick={() => (dismissed.value = problem.at)}>
        Dismiss
      </button>
    </div>
  );
}
