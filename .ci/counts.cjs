// Prints `N passed, N failed` from vitest's JSON reports, all together. A test file that did not load counts as one
// failure, and so does a report that is missing.
const { readFileSync } = require('node:fs');

function counts(path) {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(path, 'utf8'));
    const unloaded = testResults.filter((it) => it.status === 'failed' && it.assertionResults.length === 0);
    return { passed: numPassedTests, failed: numFailedTests + unloaded.length };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

const all = process.argv.slice(2).map(counts);
const passed = all.reduce((sum, it) => sum + it.passed, 0);
const failed = all.reduce((sum, it) => sum + it.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
