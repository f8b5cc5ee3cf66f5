/** Whether this is `npm run test:long`: the same rules, over many more rounds and random runs. */
export const LONG = process.env.GOLDENHOUR_TEST_LONG === '1'

/** How many rounds or runs: the first in `npm test`, the second in `npm run test:long`. */
export const times = (usually: number, long: number): number => (LONG ? long : usually)

/** The forms of a rule that are shown: all in `npm run test:long`, the first of them in `npm test`. */
export const forms = <T>(all: readonly T[], usually = 1): readonly T[] => (LONG ? all : all.slice(0, usually))
