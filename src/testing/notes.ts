/** What is noted of a conversation while it goes on: the session's events, and when words were being heard. */
import type { SessionEvent, SpokenInfo } from '../index.ts';

/** Times are the session's clock, in ms. */
export type Note =
  | SessionEvent
  | { readonly type: 'words_begun'; readonly at: number; readonly speech: SpokenInfo }
  /** `text`: what has been heard of this stretch so far. */
  | { readonly type: 'words_heard'; readonly at: number; readonly speechId: string; readonly text: string }
  /** `heard` is not known of a foreign output; `written`: what was meant to be said. */
  | {
      readonly type: 'words_over';
      readonly at: number;
      readonly speechId: string;
      readonly cut: boolean;
      readonly written: string;
      readonly heard?: string;
    }
  /** What the user begins to say; empty for a noise. */
  | { readonly type: 'user_words'; readonly at: number; readonly text: string }
  /** It was observed up to here. */
  | { readonly type: 'observed'; readonly at: number };
