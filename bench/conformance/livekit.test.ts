import { initializeLogger } from '@livekit/agents';
import { planConformance } from 'meanwhile/testing';
import { afterAll, test, vi } from 'vitest';
import { livekitHost } from './livekit-host.ts';

initializeLogger({ pretty: false, level: 'silent' });

afterAll(() => void vi.useRealTimers());

const skip = {
  'unknown-tool': 'LiveKit answers a call of an unknown tool itself, in words of its own',
};

for (const each of planConformance(livekitHost, { skip })) {
  test(each.title, { skip: each.skip !== undefined }, each.run);
}
