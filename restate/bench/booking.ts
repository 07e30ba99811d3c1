/** Five steps that take no time, an update before each, and a result: what is left is the way there and back. */
import { tool } from '../../src/index.ts';

export const bookingTool = tool({
  name: 'book',
  execute: async (_args, { ctx }) => {
    for (let n = 1; n <= 5; n += 1) {
      await ctx.update(`Step ${String(n)}`);
      await ctx.step(`step ${String(n)}`, () => n);
    }
    return 'Booked.';
  },
});
