/** Every work, in the order of the table. */
import type { Work } from './work.ts';
import { work as close } from './works/close.ts';
import { work as heap } from './works/heap.ts';
import { work as importing } from './works/import.ts';
import { work as longConversation } from './works/long-conversation.ts';
import { work as manyTools } from './works/many-tools.ts';
import { work as promptShare } from './works/prompt-share.ts';
import { work as quietToRequest } from './works/quiet-to-request.ts';
import { work as toolCall } from './works/tool-call.ts';
import { work as turn } from './works/turn.ts';
import { work as update } from './works/update.ts';
import { work as updateToRequest } from './works/update-to-request.ts';
import { work as waiting } from './works/waiting.ts';

export const works: readonly Work[] = [
  toolCall,
  turn,
  longConversation,
  update,
  updateToRequest,
  quietToRequest,
  manyTools,
  close,
  heap,
  waiting,
  promptShare,
  importing,
];
