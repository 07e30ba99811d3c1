/** The tools that were called: how far each is, what it asks, and a way to stop it. */
import type { JSX } from 'preact';
import { durationText, now } from './clock.ts';
import { client, story } from './conversation-store.ts';
import type { Question, TaskView } from './story.ts';

const words: Readonly<Record<TaskView['state'], string>> = {
  working: 'working',
  input_required: 'asks you',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

export function Tasks(): JSX.Element {
  const tasks = [...story.value.tasks.values()].toReversed();
  return (
    <section class="tasks" aria-label="Tasks">
      <h2>Tasks</h2>
      {tasks.length === 0 && <p class="hint">When the agent calls a tool, it shows here.</p>}
      <ul>
        {tasks.map((task) => (
          <Task key={task.callId} task={task} />
        ))}
      </ul>
    </section>
  );
}

function Task({ task }: { readonly task: TaskView }): JSX.Element {
  const { callId, toolName, number, state, startedAt, endedAt, message, background } = task;
  const isRunning = endedAt === undefined;
  const elapsed = durationText((endedAt ?? now.value) - startedAt);
  return (
    <li class={`task ${state}`}>
      <div class="head">
        <strong>
          {toolName}
          <i class="number">#{number}</i>
        </strong>
        <span class={`badge ${state}`}>{words[state]}</span>
        {isRunning && <span class="muted">{background ? 'in the background' : 'the agent waits for it'}</span>}
        <span class="elapsed">{elapsed}</span>
        {isRunning && (
          <button
            type="button"
            class="quiet"
            aria-label={`Cancel ${toolName}#${String(number)}`}
            onClick={() => client.cancelTask(callId)}
          >
            Cancel
          </button>
        )}
      </div>
      <code class="input">{JSON.stringify(task.input)}</code>
      {message !== undefined && isRunning && <p class="message">{message}</p>}
      <Bar task={task} />
      {task.question && isRunning && <Ask callId={callId} question={task.question} />}
      {!isRunning && <p class="result">{task.marks.at(-1)?.text}</p>}
    </li>
  );
}

function Bar({ task: { endedAt, progress, total, state } }: { readonly task: TaskView }): JSX.Element | null {
  if (endedAt !== undefined || state === 'input_required') return null;
  return progress === undefined ? (
    <progress aria-label="Progress" />
  ) : (
    <progress aria-label="Progress" value={progress} max={total ?? 100} />
  );
}

function Ask({ callId, question }: { readonly callId: string; readonly question: Question }): JSX.Element {
  const { message, choice } = question;
  return (
    <div class="ask">
      <p>{message}</p>
      {choice?.values.map((value) => (
        <button
          key={value}
          type="button"
          onClick={() => client.answerTask(callId, 'accept', { [choice.field]: value })}
        >
          {value}
        </button>
      ))}
      {!choice && <span class="muted">Answer in your own words, or</span>}
      <button type="button" class="quiet" onClick={() => client.answerTask(callId, 'decline')}>
        Decline
      </button>
    </div>
  );
}
