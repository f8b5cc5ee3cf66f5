/** Whether this is `npm run test:long`: the same rules, over many more rounds and random runs. */
const LONG = process.env.GOLDENHOUR_TEST_LONG === '1'

/** How many rounds or runs: the first in `npm test`, the second in `npm run test:long`. */
export const times = (usually: number, long: number): number => (LONG ? long : usually)
