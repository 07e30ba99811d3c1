/**
 * Kills with `kill -9` at random moments, and judges what is left.
 *
 *     npm run kill                     10 of each kind
 *     npm run kill -- 200              so many
 *     npm run kill -- 200 session      of one kind
 *
 * SEED=1 draws the moments. Prints the counts; a fault ends it with 1 and is printed with its place in the row.
 */
import { kinds } from './kinds.ts';
import { momentsFrom } from './moments.ts';

const [count = '10', ...wanted] = process.argv.slice(2);
const times = Number(count);
if (!Number.isInteger(times) || times < 1) throw new Error(`Expected a whole number of kills, got "${count}".`);
const unknown = wanted.find((name) => !(name in kinds));
if (unknown !== undefined) throw new Error(`Expected a kind of ${Object.keys(kinds).join(', ')}, got "${unknown}".`);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

let failed = false;
console.log(`seed ${String(seed)}, ${String(times)} kills of each kind`);
for (const [name, prepare] of Object.entries(kinds)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const random = momentsFrom(seed);
  const sum = { kills: 0, late: 0, stepsRepeated: 0, toldAgain: 0, faults: 0 };
  await using ground = await prepare();
  const began = performance.now();
  while (sum.kills < times) {
    const { hit, faults, stepsRepeated, toldAgain } = await ground.kill(random, sum.kills + sum.late + 1);
    if (hit) sum.kills += 1;
    else sum.late += 1;
    sum.stepsRepeated += stepsRepeated;
    sum.toldAgain += toldAgain;
    sum.faults += faults.length;
    for (const fault of faults) console.log(`  ${name}, kill ${String(sum.kills)}: ${fault}`);
  }
  failed ||= sum.faults > 0;
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `${name.padEnd(16)} ${String(sum.kills).padStart(5)} kills in a booking (${String(sum.late)} came after it), ` +
      `${String(sum.faults)} faults; steps cut off and done again: ${String(sum.stepsRepeated)}, ` +
      `results told again as maybe heard: ${String(sum.toldAgain)}; ${String(seconds)} s`,
  );
}
process.exitCode = failed ? 1 : 0;
