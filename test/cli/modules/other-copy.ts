export const agent = { kind: 'agent', name: 'travel' };
