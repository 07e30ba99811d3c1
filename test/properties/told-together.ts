/** Everything that is due and may be told here goes together, of questions one (S3.2, S3.8, S6.6). */
import type { AgentSession, SessionState } from 'meanwhile';
import type { Of } from './watch.ts';

type Delivery = SessionState['tasks']['deliveries'] extends ReadonlyMap<string, infer D> ? D : never;

/** What was left behind, if something was. */
export function dueIsToldTogether(
  { ids, at, activityId }: Of<'delivery_taken'>,
  state: SessionState,
  session: AgentSession,
): string | undefined {
  const { deliveries, running } = state.tasks;
  // Under a lease only its holder is heard.
  if (typeof session.floor === 'object') return undefined;
  const all = [...deliveries.values()];
  const taken = all.filter(({ id }) => ids.includes(id));
  const owners = new Set(taken.map(({ owner }) => owner));
  const isAlone = state.stack.length === 1;
  const isOpenQuestion = ({ id, callId }: Delivery): boolean => running.get(callId)?.question?.id === id;
  const isDue = (each: Delivery): boolean =>
    each.taken === undefined &&
    each.stale === undefined &&
    (each.notBefore ?? 0) <= at &&
    (isOpenQuestion(each) || each.expiresAt === undefined || each.expiresAt > at);
  const belongs = ({ owner }: Delivery): boolean =>
    owner === activityId || (isAlone && (owner === 'session' || owners.has(owner)));
  const asked = taken.some(({ record }) => record.phase === 'question');
  const left = all.find((each) => isDue(each) && belongs(each) && !(asked && each.record.phase === 'question'));
  return left && `${left.id} is left behind by ${ids.join()}`;
}
