/**
 * The networks of the ingest bench, as a phone sees one: how long a frame is on its way, and what happens to a connection.
 *
 * Nobody's measurements: round numbers, chosen so that each kind of trouble happens in a run of a minute with a thousand drivers. TCP
 * repairs loss, so loss shows as a stall: a frame that comes late, and all behind it with it.
 */
import { UsageError } from '../tools/shared/command-line.ts'

export interface Network {
  /** Half of all frames take no longer. The times are log-normal: a few take many times as long. */
  readonly delayMedianMs: number
  /** Of the logarithm; at 0.6 one frame in a hundred takes four times the median, at 0.9 eight times. */
  readonly delaySigma: number
  /** Of all frames, those that were lost on the way and wait besides for being sent again. */
  readonly stallShare: number
  readonly stallMs: readonly [from: number, to: number]
  /** Mean seconds from one loss of the connection to the next, after which the phone comes back at once. */
  readonly cutEveryS: number
  /** Mean seconds from one hole in the coverage to the next, and how long they are. */
  readonly darkEveryS: number
  readonly darkMs: readonly [from: number, to: number]
}

export const NETWORKS = {
  good: {
    ...{ delayMedianMs: 25, delaySigma: 0.3, stallShare: 0.001, stallMs: [200, 600] },
    ...{ cutEveryS: 1_800, darkEveryS: Number.POSITIVE_INFINITY, darkMs: [0, 0] },
  },
  mobile: {
    ...{ delayMedianMs: 60, delaySigma: 0.6, stallShare: 0.01, stallMs: [200, 3_000] },
    ...{ cutEveryS: 600, darkEveryS: 600, darkMs: [5_000, 60_000] },
  },
  terrible: {
    ...{ delayMedianMs: 250, delaySigma: 0.9, stallShare: 0.05, stallMs: [500, 10_000] },
    ...{ cutEveryS: 60, darkEveryS: 120, darkMs: [10_000, 120_000] },
  },
} as const satisfies Readonly<Record<string, Network>>

/** With `--churn` alone. */
const UNHINDERED: Network = {
  ...{ delayMedianMs: 0, delaySigma: 0, stallShare: 0, stallMs: [0, 0] },
  ...{ cutEveryS: Number.POSITIVE_INFINITY, darkEveryS: Number.POSITIVE_INFINITY, darkMs: [0, 0] },
}

/** Null: no trouble. Errors: UsageError for a network that there is not. */
export function networkNamed(name: string | null): Network {
  if (name === null) return UNHINDERED
  if (Object.hasOwn(NETWORKS, name)) return NETWORKS[name as keyof typeof NETWORKS]
  throw new UsageError(`There is no network ${name}; --network takes one of ${Object.keys(NETWORKS).join(', ')}.`)
}

/** How long one frame is on its way. */
export function delayMs({ delayMedianMs, delaySigma, stallShare, stallMs }: Network, random: () => number): number {
  // Box and Muller's way from even to normal chance; 1 - r is never 0.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const onItsWayMs = delayMedianMs * Math.exp(delaySigma * normal)
  return random() < stallShare ? onItsWayMs + between(stallMs, random) : onItsWayMs
}

/**
 * `cut` and `dark` are the network's; the others are the driver's: the app is closed and opened, the crew signs off and on, or
 * has another phone on which the app is new.
 */
export type Happening = 'cut' | 'dark' | 'closed' | 'signed-off' | 'new-phone'

/** What happens next to a connection, and after how long. Input: the share of the drivers a minute who leave and come back. */
export function nextHappening(
  { cutEveryS, darkEveryS }: Network,
  churn: number,
  random: () => number,
): { readonly what: Happening; readonly afterMs: number } | null {
  const rates = [1 / cutEveryS, 1 / darkEveryS, churn / 60] as const
  const all = rates[0] + rates[1] + rates[2]
  if (all === 0) return null
  const afterMs = (-Math.log(1 - random()) / all) * 1_000
  const at = random() * all
  if (at < rates[0]) return { what: 'cut', afterMs }
  if (at < rates[0] + rates[1]) return { what: 'dark', afterMs }
  return { what: CHURN[Math.floor(random() * CHURN.length)]!, afterMs }
}

const CHURN = ['closed', 'signed-off', 'new-phone'] as const

/** How long the phone is away after it. */
export function awayMs({ darkMs }: Network, what: Happening, random: () => number): number {
  return between(what === 'cut' ? CUT_AWAY_MS : what === 'dark' ? darkMs : CHURN_AWAY_MS, random)
}

const CUT_AWAY_MS = [100, 2_000] as const
const CHURN_AWAY_MS = [1_000, 20_000] as const

const between = ([from, to]: readonly [number, number], random: () => number): number => from + (to - from) * random()
