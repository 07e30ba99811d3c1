/** The handoff example, played. */
import { expect, test } from 'vitest';
import createSupport from '../../examples/handoff.ts';
import { startPlay } from './play.ts';

test('the task goes on under the next agent, who tells its result', async () => {
  const { say, clock, timeline } = await startPlay(createSupport);
  await say('Please check my line, it is A-1001');
  await say('I have a question about my bill');
  await say('What is my balance?');
  await clock.advance(20_000);
  expect(timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   support
     0:00.0  user    Please check my line, it is A-1001
     0:00.0  task    check_line#1 started: lineNumber=A-1001
     0:00.0  task    check_line#1: Checking line A-1001
     0:00.4  agent   I'm checking line A-1001; I'll tell you when I have something.
     0:00.4  user    I have a question about my bill
     0:00.4  task    transfer_to_billing#2 started
     0:00.4  task    transfer_to_billing#2 completed: I am putting you through to billing.
     0:00.6  agent   I am putting you through to billing.
     0:00.6  enter   billing
     0:00.6  agent   This is billing, good afternoon.
     0:00.6  user    What is my balance?
     0:00.6  task    get_balance#3 started
     0:01.1  task    get_balance#3 completed: You have to pay 39 EUR by Friday.
     0:01.4  agent   You have to pay 39 EUR by Friday.
     0:15.0  task    check_line#1 completed: Line A-1001 had a loose contact. It has been repaired.
     0:15.4  agent   Line A-1001 had a loose contact. It has been repaired.
     0:15.4  told    check_line#1 result
    "
  `);
});
