/** `autoBackgroundMs` (S1.7): counted from the call, whether its body runs by then or not yet. */
import type { Clock } from '../clock.ts';
import type { Admission } from './admission.ts';
import type { Call } from './call.ts';

export function armAutoBackground(call: Call, clock: Clock, admission: Admission): void {
  const { tool } = call;
  const limitMs = tool?.policy.autoBackgroundMs;
  if (!tool || limitMs === undefined || call.settled) return;
  const timer = clock.setTimeout(() => {
    if (call.task) call.task.background('auto');
    else if (call.state.type === 'reading') admission.toBackground(call, tool, 'auto');
  }, limitMs);
  void call.first.then(() => clock.clearTimeout(timer));
}
