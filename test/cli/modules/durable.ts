import { Agent, AsyncToolset, tool } from 'meanwhile';
import { durable } from 'meanwhile/restate';

const named = (name: string) => durable(tool({ name, execute: () => name }), { ingress: 'http://127.0.0.1:8080' });

export const book = named('book');
export const list = [named('in_list'), tool({ name: 'local', execute: () => 1 })];
const desk = new AsyncToolset({ id: 'desk', tools: { inToolset: named('in_toolset') } });
export default new Agent({ instructions: 'You book.', tools: [book, desk] });
