/** Measures one case of one work for one peer, alone in its process: `node --expose-gc child.ts WORK CASE PEER [full]`. */
import { peerIds } from './work.ts';
import { works } from './works.ts';

const [workId, caseId, peerId, full] = process.argv.slice(2);
const peer = peerIds.find((id) => id === peerId);
const measure = peer && works.find((work) => work.id === workId)?.peers[peer];
if (typeof measure !== 'function' || caseId === undefined)
  throw new Error(`There is no ${process.argv.slice(2).join(' ')}.`);
const measured = await measure(caseId, { full: full === 'full' });
process.send?.(measured, () => process.exit(0));
