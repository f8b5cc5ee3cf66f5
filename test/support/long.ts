/** Whether this is `npm run test:long`: the same rules, over many more rounds and random runs. */
export const LONG = process.env.GOLDENHOUR_TEST_LONG === '1'

/** How many rounds or runs: the first in `npm test`, the second in `npm run test:long`. */
export const times = (usually: number, long: number): number => (LONG ? long : usually)

/**
 * Where a search begins: anywhere in `npm run test:long`; in `npm test`, whose verdict is one on the change alone, always
 * with the same seed.
 */
export const searchFrom = (seed: number): number => (LONG ? Math.floor(Math.random() * 2 ** 31) : seed)

/** The forms of a rule that are shown: all in `npm run test:long`, the first of them in `npm test`. */
export const forms = <T>(all: readonly T[], usually = 1): readonly T[] => (LONG ? all : all.slice(0, usually))

/** The forms of a rule that hardly differ: all in `npm run test:long`, so many in `npm test`, drawn anew each time. */
export function drawn<T>(all: readonly T[], usually: number): readonly T[] {
  if (LONG) return all
  const left = [...all]
  return Array.from({ length: Math.min(usually, all.length) }, () => {
    const [one] = left.splice(Math.floor(Math.random() * left.length), 1)
    return one!
  })
}
