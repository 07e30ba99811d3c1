/** What the models of the works answer. */
import { calls, newest, says, type Reply, type Request } from './model.ts';
import { answer, look } from './tool.ts';

/** A call for the user's words, the answer for a call's output. */
export function lookingUp(): (request: Request) => Reply {
  let last = 0;
  const said = says(answer);
  return (request) => {
    if (newest(request) !== 'user') return said;
    last += 1;
    return calls({ id: `call_${String(last)}`, name: look.name, args: { n: last } });
  };
}
