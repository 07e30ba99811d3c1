/** Before the first browser test: the page, as its sources are now. */
import { buildPage } from '../../scripts/page.ts';
import { chromiumPath } from './chromium.ts';

/** Not the one that is published: a build may take that away at any time. */
export const builtPage = 'node_modules/.cache/meanwhile-page';

export default function setup(): void {
  if (chromiumPath() !== undefined) buildPage(builtPage);
}
