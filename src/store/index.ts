export { memory, type MemoryOptions, type MemoryStore } from './memory.ts';
