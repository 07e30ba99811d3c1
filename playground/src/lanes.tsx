/**
 * Who did what when: a lane for the user, the agent and each task, on one axis of time. Speech is a bar, a task has the colour
 * of its state, an update is a mark with its text, and a delivery a line from the moment there was something to tell to the
 * moment it was told.
 */
import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { clockText, durationText, now } from './clock.ts';
import { story } from './conversation-store.ts';
import type { DeliveryView, Restart, Span, TaskView } from './story.ts';
import { pan, scaleOf, ticks, zoom, type Scale, type View } from './timescale.ts';

const view = signal<View>({ lengthMs: 60_000, endsAt: undefined });

const laneHeight = 34;
const axisHeight = 20;
/** A mark so near to the right border has no room for its time. */
const labelShare = 0.05;

export function Lanes(): JSX.Element {
  const { tasks, startedAt, restarts } = story.value;
  const from = startedAt ?? now.value;
  return (
    <section class="lanes" aria-label="Timeline">
      <div class="lanes-head">
        <h2>Timeline</h2>
        <Controls />
      </div>
      <div
        class="lanes-body"
        role="group"
        aria-label="Lanes: arrow keys move, plus and minus zoom"
        tabIndex={0}
        onKeyDown={steer}
      >
        <div class="lane-names">
          <span>You</span>
          <span>Agent</span>
          {[...tasks.values()].map(({ callId, toolName, number }) => (
            <span key={callId} title={`${toolName} (${callId})`}>
              {toolName}
              <i class="number">#{number}</i>
            </span>
          ))}
        </div>
        <Drawing origin={from} />
      </div>
      <p class="legend">
        ○ update · ● end · ◆ told to you; the line before it is the time it waited for quiet
        {restarts.length > 0 && ' · grey: no process was there'}
      </p>
    </section>
  );
}

function steer(event: KeyboardEvent): void {
  const steps: Readonly<Record<string, () => View>> = {
    ArrowLeft: () => pan(view.value, -1, now.value),
    ArrowRight: () => pan(view.value, 1, now.value),
    '+': () => zoom(view.value, -1),
    '-': () => zoom(view.value, 1),
    End: () => ({ ...view.value, endsAt: undefined }),
  };
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  view.value = step();
}

function Controls(): JSX.Element {
  const { endsAt, lengthMs } = view.value;
  return (
    <div class="controls">
      <button
        type="button"
        class="quiet"
        aria-label="Earlier"
        onClick={() => (view.value = pan(view.value, -1, now.value))}
      >
        ←
      </button>
      <button
        type="button"
        class="quiet"
        aria-label="Later"
        onClick={() => (view.value = pan(view.value, 1, now.value))}
      >
        →
      </button>
      <button type="button" class="quiet" aria-label="Zoom in" onClick={() => (view.value = zoom(view.value, -1))}>
        +
      </button>
      <button type="button" class="quiet" aria-label="Zoom out" onClick={() => (view.value = zoom(view.value, 1))}>
        −
      </button>
      <button
        type="button"
        class="quiet"
        aria-pressed={endsAt === undefined}
        onClick={() => (view.value = { lengthMs, endsAt: undefined })}
      >
        Now
      </button>
    </div>
  );
}

function Drawing({ origin }: { readonly origin: number }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(600);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => (width.value = Math.max(120, entry?.contentRect.width ?? 600)));
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const { tasks, deliveries, userSpeaks, agentSpeaks, speeches, lines, restarts } = story.value;
  const scale = scaleOf(view.value, now.value, width.value);
  const rows = tasks.size + 2;
  const height = axisHeight + rows * laneHeight;
  return (
    <div class="drawing" ref={box}>
      <svg width={width.value} height={height} role="img" aria-label="Timeline of the conversation">
        <Axis scale={scale} origin={origin} height={height} />
        <g transform={`translate(0 ${String(axisHeight)})`}>
          <Bars spans={userSpeaks} scale={scale} kind="user" title="You speak" />
          {lines
            .filter(({ who, at }) => who === 'user' && at >= scale.from)
            .map(({ id, at, text }) => (
              <circle key={id} class="said" cx={scale.x(at)} cy={laneHeight / 2} r={4}>
                <title>{text}</title>
              </circle>
            ))}
        </g>
        <g transform={`translate(0 ${String(axisHeight + laneHeight)})`}>
          <Bars spans={[...speeches.values()]} scale={scale} kind="thinking" title="The agent answers" />
          <Bars spans={agentSpeaks} scale={scale} kind="agent" title="The agent speaks" />
        </g>
        {[...tasks.values()].map((task, index) => (
          <TaskLane
            key={task.callId}
            task={task}
            deliveries={[...deliveries.values()].filter(({ callId }) => callId === task.callId)}
            scale={scale}
            y={axisHeight + (index + 2) * laneHeight}
          />
        ))}
        {restarts.map((restart) => (
          <Gap key={restart.to} restart={restart} scale={scale} height={height} />
        ))}
        <line class="now" x1={scale.x(now.value)} x2={scale.x(now.value)} y1={axisHeight} y2={height} />
      </svg>
    </div>
  );
}

/** The time when there was no process: nothing in it can have happened. */
function Gap({ restart, scale, height }: GapProps): JSX.Element | null {
  const { from, to } = restart;
  if (to < scale.from || from > scale.to) return null;
  return (
    <g class="gap">
      <rect
        x={scale.x(from)}
        y={axisHeight}
        width={Math.max(2, scale.x(to) - scale.x(from))}
        height={height - axisHeight}
      />
      <line x1={scale.x(from)} x2={scale.x(from)} y1={axisHeight} y2={height} />
      <title>{`The process ended; another went on after ${durationText(to - from)}`}</title>
    </g>
  );
}

interface GapProps {
  readonly restart: Restart;
  readonly scale: Scale;
  readonly height: number;
}

function Axis({
  scale,
  origin,
  height,
}: {
  readonly scale: Scale;
  readonly origin: number;
  readonly height: number;
}): JSX.Element {
  return (
    <g class="axis">
      {ticks(scale, origin).map((at) => (
        <g key={at}>
          <line x1={scale.x(at)} x2={scale.x(at)} y1={axisHeight - 4} y2={height} />
          {scale.to - at > (scale.to - scale.from) * labelShare && (
            <text x={scale.x(at) + 4} y={axisHeight - 7}>
              {clockText(at - origin)}
            </text>
          )}
        </g>
      ))}
    </g>
  );
}

interface BarsProps {
  readonly spans: readonly Span[];
  readonly scale: Scale;
  readonly kind: string;
  readonly title: string;
}

function Bars({ spans, scale, kind, title }: BarsProps): JSX.Element {
  return (
    <>
      {spans
        .filter(({ to = Infinity }) => to >= scale.from)
        .map(({ from, to = now.value }) => (
          <rect
            key={from}
            class={`bar ${kind}`}
            x={scale.x(from)}
            y={9}
            width={Math.max(2, scale.x(to) - scale.x(from))}
            height={laneHeight - 18}
            rx={3}
          >
            <title>{`${title}, ${durationText(to - from)}`}</title>
          </rect>
        ))}
    </>
  );
}

interface TaskLaneProps {
  readonly task: TaskView;
  readonly deliveries: readonly DeliveryView[];
  readonly scale: Scale;
  readonly y: number;
}

function TaskLane({ task, deliveries, scale, y }: TaskLaneProps): JSX.Element {
  return (
    <g transform={`translate(0 ${String(y)})`}>
      {task.states.map(({ at, state }, index) => {
        const to = task.states[index + 1]?.at ?? task.endedAt ?? now.value;
        if (to <= at && state !== 'working') return null;
        return (
          <rect
            key={`${String(at)}${state}`}
            class={`bar task-${state}`}
            x={scale.x(at)}
            y={7}
            width={Math.max(1, scale.x(to) - scale.x(at))}
            height={12}
            rx={2}
          >
            <title>{`${task.toolName}: ${state}, ${durationText(to - at)}`}</title>
          </rect>
        );
      })}
      {deliveries.map((delivery) => (
        <Delivery key={delivery.id} delivery={delivery} scale={scale} />
      ))}
      {task.marks.map(({ at, kind, text }, index) => (
        <g key={`${String(index)}`} class={`mark ${kind} ${kind === 'end' ? task.state : ''}`} tabIndex={-1}>
          <circle cx={scale.x(at)} cy={13} r={5} />
          <title>{`${kind}: ${text}`}</title>
        </g>
      ))}
    </g>
  );
}

function Delivery({ delivery, scale }: { readonly delivery: DeliveryView; readonly scale: Scale }): JSX.Element | null {
  const { readyAt, toldAt, endedAt, receipt } = delivery;
  if (receipt === 'silent') return null;
  const until = toldAt ?? endedAt ?? now.value;
  const title = `ready → ${toldAt === undefined ? (receipt ?? 'waiting for quiet') : `told (${receipt ?? 'being told'})`}, held ${durationText(until - readyAt)}`;
  return (
    <g class={`delivery ${toldAt === undefined ? 'untold' : 'told'} ${receipt ?? 'open'}`}>
      <line x1={scale.x(readyAt)} x2={scale.x(until)} y1={25} y2={25} />
      {until - readyAt >= 1_000 && scale.x(until) - scale.x(readyAt) > 44 && (
        <text x={(scale.x(readyAt) + scale.x(until)) / 2} y={33}>
          {durationText(until - readyAt)}
        </text>
      )}
      {toldAt !== undefined && <path d={`M${String(scale.x(toldAt))} 20 l5 5 l-5 5 l-5 -5 z`} />}
      <title>{title}</title>
    </g>
  );
}
