/** The tools of one place on a foreign host: made ready, offered with the companions, let go of (S8.6, S5.4). */
import type { Owner } from '../chat/records.ts';
import type { ToolSource } from '../tools/toolset.ts';
import { companionsFor } from './companions.ts';
import { offerTools, type Offer, type OfferPorts } from './offer.ts';
import { ToolsetCare } from './toolset-care.ts';
import type { ToolsetHost } from './toolset-life.ts';

/** The tools of one place. Both fields change when tools do, and when the first tool asks: read them for each request. */
export interface OfferedTools extends Offer {
  /** Puts others in their place. Throws `invalid_definition`, nothing being changed; resolves when they can be offered. */
  update(tools: ToolSource): Promise<void>;
  /** Nothing of it is offered any more. Resolves when its toolsets are closed, after the last task of their tools. */
  close(): Promise<void>;
}

export class ToolsInPlace implements OfferedTools {
  readonly owner: Owner;
  readonly #ports: OfferPorts;
  readonly #care: ToolsetCare;
  #offer: (Offer & { readonly groups: number }) | undefined;

  constructor(owner: Owner, ports: OfferPorts & { readonly host: ToolsetHost }) {
    this.owner = owner;
    this.#ports = ports;
    this.#care = new ToolsetCare(ports.host, owner, () => this.#changed());
  }

  get declared(): Offer['declared'] {
    return this.#current().declared;
  }

  get engineTools(): Offer['engineTools'] {
    return this.#current().engineTools;
  }

  async update(tools: ToolSource): Promise<void> {
    await this.#care.update(tools);
  }

  async close(): Promise<void> {
    void this.#care.update([]);
    await this.#care.close();
  }

  /** What other places offer depends on it too: the companions are the same everywhere. */
  #changed(): void {
    this.#offer = undefined;
    const { companions } = this.#ports;
    for (const { policy } of this.#care.usable) for (const group of companionsFor(policy)) companions.add(group);
  }

  #current(): Offer {
    const { companions } = this.#ports;
    if (this.#offer?.groups !== companions.size) {
      const offer = offerTools([{ owner: this.owner, tools: this.#care.usable }], this.#ports);
      this.#offer = { ...offer, groups: companions.size };
    }
    return this.#offer;
  }
}
