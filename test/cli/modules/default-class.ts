export { Travel as default } from './agents.ts';
