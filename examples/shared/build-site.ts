/**
 * A build, as the builder example runs it: `node build-site.ts 700 site` builds a small web site and takes 700 ms a page.
 * It prints a line for each page, `[3/8] products.html`, and a warning on the way; the `docs` fail at their fifth.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const [msPerPage = '700', target = 'site'] = process.argv.slice(2);
const pages = ['index', 'about', 'products', 'prices', 'team', 'blog', 'contact', 'imprint'];

console.log(`building ${target}`);
for (const [index, page] of pages.entries()) {
  await sleep(Number(msPerPage));
  console.log(`[${index + 1}/${pages.length}] ${page}.html`);
  if (page === 'prices') console.log('warning: prices.html has an image without a description');
  if (page === 'team' && target === 'docs') {
    console.error('error: team.html links to a page that does not exist');
    process.exit(2);
  }
}
console.log(`built ${pages.length} pages`);
