// The project's own, over the test files that Stryker's run is to use. Its option `testFiles` would do as well, but then
// it switches a mutant on only when the tests begin: one in a constant of a module would never be seen by any.
import base from '../vitest.config.ts';

const include = JSON.parse(process.env['MUTATION_TESTS'] ?? '[]') as string[];

const { projects: _own, ...test } = base.test ?? {};

export default { ...base, test: { ...test, include } };
