/** A tool whose bodies wait for the test's hand. */
import { jsonSchema, type Schema } from 'ai';
import { tool, type RunContext, type Tool, type ToolPolicy } from 'meanwhile';
import { z, type ZodType } from 'zod';
import { byHand } from './session.ts';

export interface HeldBody {
  readonly args: { readonly to: string };
  readonly ctx: RunContext<unknown>;
  readonly signal: AbortSignal;
  /** Ends the body with this value; an Error is thrown. */
  end(value?: unknown): void;
}

export interface HeldTool {
  readonly tool: Tool;
  /** Bodies that began, in order. */
  readonly bodies: HeldBody[];
  readonly began: string[];
}

export interface HeldOptions extends ToolPolicy<never> {
  readonly name?: string;
  readonly strict?: boolean;
  readonly parameters?: ZodType<{ to: string }> | Schema<{ to: string }>;
  /** Runs before the body waits. */
  readonly first?: (body: HeldBody) => unknown;
  /** Does the body go on when its signal fires? Default false. */
  readonly deaf?: boolean;
}

export function heldTool(options: HeldOptions = {}): HeldTool {
  const { name = 'book', parameters = z.object({ to: z.string() }), first, deaf = false, ...policy } = options;
  const bodies: HeldBody[] = [];
  const began: string[] = [];
  const held = tool({
    ...(policy as object),
    name,
    description: 'Held by the test.',
    parameters,
    execute: async (
      args: { to: string },
      { ctx, abortSignal }: { ctx: RunContext<unknown>; abortSignal: AbortSignal },
    ) => {
      const done = byHand<unknown>();
      const body: HeldBody = {
        args,
        ctx,
        signal: abortSignal,
        end: (value) => (value instanceof Error ? done.reject(value) : done.resolve(value)),
      };
      bodies.push(body);
      began.push(ctx.toolCallId);
      if (!deaf) abortSignal.addEventListener('abort', () => done.reject(abortSignal.reason), { once: true });
      await first?.(body);
      return await done.promise;
    },
  });
  return { tool: held, bodies, began };
}

/** A step in which the model calls `book` for each destination. */
export const booking = (...to: string[]) => ({ calls: to.map((each) => ({ name: 'book', args: { to: each } })) });

/** Arguments that are valid, or not, only when `check` has settled. */
export function validatedLater(check: (value: unknown) => Promise<unknown> | undefined): Schema<{ to: string }> {
  const properties = { to: { type: 'string' as const } };
  return jsonSchema<{ to: string }>(
    { type: 'object', properties, required: ['to'], additionalProperties: false },
    {
      validate: async (value) => {
        try {
          await check(value);
          return { success: true, value: value as { to: string } };
        } catch (error) {
          return { success: false, error: error as Error };
        }
      },
    },
  );
}
