/** What keeps `import { llm, voice }` as it is in files written for LiveKit Agents JS. */
export * as llm from 'meanwhile';
export * as voice from 'meanwhile';
