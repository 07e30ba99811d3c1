import { createScriptedHost, planConformance } from 'meanwhile/testing';
import { describe, test } from 'vitest';

const hosts = {
  'that decides itself when to speak': createScriptedHost(),
  'whose model decides': createScriptedHost({
    capabilities: { turns: 'model', interrupt: false, silentAppend: false, toolChoice: false, heard: 'unknown' },
  }),
  'that can say no tool choice, and cut nothing': createScriptedHost({
    capabilities: { interrupt: false, toolChoice: false },
  }),
};

describe.each(Object.entries(hosts))('a scripted conversation %s', (_name, host) => {
  for (const each of planConformance(host)) test(each.title, { skip: each.skip !== undefined }, each.run);
});
