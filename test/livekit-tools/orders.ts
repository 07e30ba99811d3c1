/** A shop's order desk: what was ordered, where the parcel is, and a refund. */
import { llm, type voice } from './agents.ts';
import { z } from 'zod';

export interface Order {
  id: string;
  status: 'packed' | 'sent' | 'delivered';
  totalEur: number;
  parcel: string | null;
}

export interface Shop {
  order(customerId: string, orderId: string | null): Promise<Order | undefined>;
  track(parcel: string, signal: AbortSignal): AsyncIterable<{ place: string; at: string }>;
  refund(order: Order, reason: string): Promise<string>;
}

export interface ShopData {
  customerId: string;
  shop: Shop;
  newestOrder?: string;
}

async function orderOf(ctx: voice.RunContext<ShopData>, orderId: string | null): Promise<Order> {
  const { shop, customerId, newestOrder } = ctx.userData;
  const order = await shop.order(customerId, orderId ?? newestOrder ?? null);
  if (!order) throw new llm.ToolError(`There is no order ${orderId ?? 'yet'}.`);
  ctx.userData.newestOrder = order.id;
  return order;
}

export const findOrder = llm.tool({
  name: 'findOrder',
  description: 'Looks up an order of the customer.',
  parameters: z.object({
    orderId: z.string().nullable().describe('The order number; null for the newest order'),
  }),
  execute: async ({ orderId }, { ctx }: llm.ToolOptions<ShopData>) => {
    const { id, status, totalEur } = await orderOf(ctx, orderId);
    return { id, status, totalEur };
  },
});

export const trackParcel = llm.tool({
  name: 'trackParcel',
  description: 'Asks the carrier where the parcel of an order is. Takes up to a minute.',
  parameters: z.object({
    orderId: z.string().nullable().describe('The order number; null for the newest order'),
  }),
  onDuplicate: 'reject',
  execute: async ({ orderId }, { ctx, abortSignal }: llm.ToolOptions<ShopData>) => {
    const order = await orderOf(ctx, orderId);
    if (!order.parcel) return `Order ${order.id} is ${order.status} and has no parcel yet.`;

    await ctx.update(`Asking the carrier about parcel ${order.parcel}. This can take a minute.`);

    const stops: string[] = [];
    for await (const { place, at } of ctx.userData.shop.track(order.parcel, abortSignal)) {
      stops.push(`${place} at ${at}`);
      await ctx.update(`The parcel has passed ${place}.`, {
        template: 'News of {functionName} ({callId}): {message}',
      });
    }
    if (abortSignal.aborted) return;
    return { parcel: order.parcel, stops };
  },
});

export const refundOrder = llm.tool({
  name: 'refundOrder',
  description: 'Refunds an order. Call it only when the customer has confirmed.',
  parameters: z.object({
    orderId: z.string(),
    reason: z.enum(['damaged', 'late', 'unwanted']),
  }),
  execute: async ({ orderId, reason }, { ctx, toolCallId }: llm.ToolOptions<ShopData>) => {
    const order = await orderOf(ctx, orderId);
    if (order.status === 'packed') throw new llm.ToolError('It has not been sent yet: cancel it instead.');
    ctx.disallowInterruptions();
    const receipt = await ctx.userData.shop.refund(order, reason);
    return `Refunded ${order.totalEur} EUR for ${order.id}, receipt ${receipt} (${toolCallId}).`;
  },
});

export const orderTools = [findOrder, trackParcel, refundOrder];
